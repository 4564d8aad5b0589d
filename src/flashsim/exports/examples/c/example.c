/* Simulates 1000 objects with ${name}, all with the same ${first}, and prints the first three. */
#include "${name}.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OBJECTS 1000

static float first[OBJECTS * FLASHSIM_${FUNCTION}_${FIRST}];
static float noise[OBJECTS * FLASHSIM_${FUNCTION}_NOISE];
static float outputs[OBJECTS * FLASHSIM_${FUNCTION}_OUTPUTS];

/* Use the random numbers of your framework instead. */
static float normal(void) {
  const double u = (rand() + 1.0) / (RAND_MAX + 2.0), v = (rand() + 1.0) / (RAND_MAX + 2.0);
  return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

int main(void) {
  for (size_t i = 0; i < sizeof first / sizeof *first; i++) first[i] = 1.0f; /* see description.json */
  for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) noise[i] = normal();
  if (flashsim_${function}(OBJECTS, first, noise, outputs) != 0) return 1;
  for (int object = 0; object < 3; object++) {
    for (int i = 0; i < FLASHSIM_${FUNCTION}_OUTPUTS; i++)
      printf("%g ", (double)outputs[object * FLASHSIM_${FUNCTION}_OUTPUTS + i]);
    printf("\n");
  }
  return 0;
}
