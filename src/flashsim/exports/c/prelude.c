/* What all functions share. Everything is computed for a block of objects; in memory the objects are side by side. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-math-errno", "no-trapping-math") /* else sqrtf and choices are not vectorised */
#define FS_INDEPENDENT _Pragma("GCC ivdep")
#else
#define FS_INDEPENDENT
#endif
#if defined(__GNUC__) || defined(__clang__)
#define FS_SHARED static __attribute__((noinline, unused))
#else
#define FS_SHARED static
#endif

#define FS_BLOCK 32 /* objects: a few hundred numbers of each stay in a core's cache */
#define FS_LANES 8  /* objects at a time in a product of matrices: the sums stay in registers */

/* The whole number of a float; of what is none, 0. */
static inline int fs_whole(float x) {
  const float limited = x < -2147483520.0f ? -2147483520.0f : x > 2147483520.0f ? 2147483520.0f : x;
  return (int)(limited == limited ? limited : 0.0f);
}

static inline void fs_copy(float *to, const float *from, int elements) {
  memcpy(to, from, (size_t)elements * FS_BLOCK * sizeof *to);
}

static inline void fs_copy_whole(int *to, const int *from, int elements) {
  memcpy(to, from, (size_t)elements * FS_BLOCK * sizeof *to);
}

/* The columns of a table of objects, row by row, to a block; what is beyond the last object is zero. */
static inline void fs_load(float *to, const float *from, int elements, int objects) {
  for (int i = 0; i < elements; i++)
    for (int o = 0; o < FS_BLOCK; o++) to[i * FS_BLOCK + o] = o < objects ? from[(size_t)o * elements + i] : 0.0f;
}

static inline void fs_lanes(int length, int columns, const float *w, const float *x, float *y) {
  const int fours = columns - columns % 4;
  for (int n = 0; n < fours; n += 4) {
    float a[FS_LANES] = {0}, b[FS_LANES] = {0}, c[FS_LANES] = {0}, d[FS_LANES] = {0};
    for (int k = 0; k < length; k++) {
      const float *v = w + (size_t)k * columns + n, *r = x + k * FS_BLOCK;
      for (int o = 0; o < FS_LANES; o++) {
        a[o] += v[0] * r[o];
        b[o] += v[1] * r[o];
        c[o] += v[2] * r[o];
        d[o] += v[3] * r[o];
      }
    }
    for (int o = 0; o < FS_LANES; o++) {
      y[n * FS_BLOCK + o] = a[o];
      y[(n + 1) * FS_BLOCK + o] = b[o];
      y[(n + 2) * FS_BLOCK + o] = c[o];
      y[(n + 3) * FS_BLOCK + o] = d[o];
    }
  }
  for (int n = fours; n < columns; n++) {
    float a[FS_LANES] = {0};
    for (int k = 0; k < length; k++)
      for (int o = 0; o < FS_LANES; o++) a[o] += w[(size_t)k * columns + n] * x[k * FS_BLOCK + o];
    for (int o = 0; o < FS_LANES; o++) y[n * FS_BLOCK + o] = a[o];
  }
}

/* y = x w: `length` numbers of each object to `columns`, with a matrix (length, columns). */
FS_SHARED void fs_product(int length, int columns, const float *w, const float *x, float *y) {
  for (int o = 0; o < FS_BLOCK; o += FS_LANES) fs_lanes(length, columns, w, x + o, y + o);
}
