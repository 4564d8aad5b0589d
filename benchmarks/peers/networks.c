/* Networks of the sizes of LHCb's published tracking models, with SQLamarr's signatures. Numbers are made up, so that
   decisions are about as frequent as published; the time of a call does not depend on them. */
#include <math.h>

#define WIDTH 128
#define INPUTS 143
#define OUTPUTS 15
#define BLOCKS 10

static float first[INPUTS][WIDTH], hidden[BLOCKS][WIDTH][WIDTH], last[WIDTH][OUTPUTS];

static float small(unsigned *state) {
  *state = *state * 1664525u + 1013904223u;
  return ((float)(*state >> 8) / (1 << 24) - 0.5f) * 0.05f;
}

__attribute__((constructor)) static void fill(void) {
  unsigned state = 1;
  for (int i = 0; i < INPUTS; i++) for (int j = 0; j < WIDTH; j++) first[i][j] = small(&state);
  for (int k = 0; k < BLOCKS; k++)
    for (int i = 0; i < WIDTH; i++) for (int j = 0; j < WIDTH; j++) hidden[k][i][j] = small(&state);
  for (int i = 0; i < WIDTH; i++) for (int j = 0; j < OUTPUTS; j++) last[i][j] = small(&state);
}

static void layer(float *out, const float *in, int inputs, int outputs, const float *weights, int stride) {
  for (int j = 0; j < outputs; j++) out[j] = 0;
  for (int i = 0; i < inputs; i++) for (int j = 0; j < outputs; j++) out[j] += in[i] * weights[i * stride + j];
}

/* A layer, residual blocks, and a layer: Dense + tanh each, as published. */
static void network(float *out, const float *in, const float *noise, int inputs, int random, int blocks, int outputs) {
  float x[INPUTS], h[WIDTH], d[WIDTH];
  for (int i = 0; i < inputs; i++) x[i] = 1e-4f * in[i];
  for (int i = 0; i < random; i++) x[inputs + i] = noise[i];
  layer(h, x, inputs + random, WIDTH, &first[0][0], WIDTH);
  for (int j = 0; j < WIDTH; j++) h[j] = tanhf(h[j]);
  for (int k = 0; k < blocks; k++) {
    layer(d, h, WIDTH, WIDTH, &hidden[k][0][0], WIDTH);
    for (int j = 0; j < WIDTH; j++) h[j] += tanhf(d[j]);
  }
  layer(out, h, WIDTH, outputs, &last[0][0], OUTPUTS);
}

float *acceptance(float *out, const float *in) { /* 166,784 weights */
  network(out, in, 0, 12, 0, 10, 1);
  out[0] = 0.985f + 1e-6f * out[0];
  return out;
}

float *efficiency(float *out, const float *in) { /* 84,480 */
  static const float published[4] = {0.2f, 0.698f, 0.081f, 0.021f};
  network(out, in, 0, 12, 0, 5, 4);
  for (int j = 0; j < 4; j++) out[j] = published[j] + 1e-9f * out[j];
  return out;
}

float *resolution(float *out, const float *in, const float *noise) { /* 182,912 */
  network(out, in, noise, 12, 128, 10, 9);
  return out;
}

float *covariance(float *out, const float *in, const float *noise) { /* 151,296 */
  network(out, in, noise, 15, 128, 8, 15);
  return out;
}
