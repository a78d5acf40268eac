/* Vectors of the instruction set that a file is compiled for, by the vector extensions of GCC and Clang. */
#ifndef MASKDM_VECTOR_H
#define MASKDM_VECTOR_H

#include <stdint.h>
#include <string.h>

/* VW floats a vector; a tile of the matrix product is MR rows by NRV vectors, as many as the registers hold. */
#if defined(__AVX512F__)
#define VW 16
#define MR 12
#define NRV 2
#elif defined(__AVX2__)
#define VW 8
#define MR 6
#define NRV 2
#elif defined(__aarch64__)
#define VW 4
#define MR 8
#define NRV 3
#else
#define VW 4
#define MR 6
#define NRV 2
#endif
#define NR (NRV * VW)

typedef float vf __attribute__((vector_size(VW * 4)));
typedef int32_t vi __attribute__((vector_size(VW * 4)));

static inline vf load(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(float *p, vf v) { memcpy(p, &v, sizeof v); }

static inline vf splat(float x) { return x - (vf){0}; }

static inline vf select_vf(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

/* b where one of them is no number */
static inline vf vmax(vf a, vf b) { return select_vf(a > b, a, b); }

static inline vf vmin(vf a, vf b) { return select_vf(a < b, a, b); }

/* Of each two rows `apart`, the first keeps its columns whose bit `apart` is not set, the second those whose bit is. */
#define SWAP(apart, first, second)                                            \
  for (int i = 0; i < VW; i++)                                                \
    if (!(i & (apart))) {                                                     \
      const vf a = x[i], b = x[i + (apart)];                                  \
      x[i] = __builtin_shufflevector(a, b, first);                            \
      x[i + (apart)] = __builtin_shufflevector(a, b, second);                 \
    }
#define LIST(...) __VA_ARGS__

/* Rows to columns, by blocks of 1, 2, 4 … elements that change places (Eklundh 1972). */
static inline __attribute__((always_inline)) void transpose_square(vf x[VW]) {
#if VW == 4
  SWAP(1, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7))
  SWAP(2, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7))
#elif VW == 8
  SWAP(1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
  SWAP(2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
  SWAP(4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
#else
  SWAP(1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
       LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  SWAP(2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
       LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  SWAP(4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
       LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  SWAP(8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
       LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#endif
}

static inline float sum_of(vf v) {
  float s[VW];
  memcpy(s, &v, sizeof v);
  for (int width = VW / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) s[i] += s[i + width];
  return s[0];
}

/*
 * e^x by 2^n e^r with |r| <= ln(2) / 2, e^r by its Taylor series to the 7th power; about 1 unit in the last place. Where e^x
 * leaves the range of normal numbers it is cut off at the range's ends; what is no number stays none.
 */
static inline vf vexp(vf x) {
  x = vmin(splat(88.0f), vmax(splat(-87.0f), x));
  const vf shifted = x * 1.44269504f + 12582912.0f; /* rounds to an integer in the low bits */
  const vi n = (vi)shifted - 0x4b400000;
  const vf whole = shifted - 12582912.0f;
  const vf r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f; /* ln 2 in two parts, the first exact */
  vf p = splat(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r * r + r + 1.0f;
  return p * (vf)((n + 127) << 23);
}

/* erf(x) as x p(x^2) / q(x^2) on [-4, 4], beyond which it is +-1 in float32 (the rational approximation that Eigen uses). */
static inline vf verf(vf x) {
  x = vmin(splat(4.0f), vmax(splat(-4.0f), x));
  const vf s = x * x;
  vf p = splat(-2.72614225801306e-10f);
  p = p * s + 2.77068142495902e-08f;
  p = p * s + -2.10102402082508e-06f;
  p = p * s + -5.69250639462346e-05f;
  p = p * s + -7.34990630326855e-04f;
  p = p * s + -2.95459980854025e-03f;
  p = p * s + -1.60960333262415e-02f;
  vf q = splat(-1.45660718464996e-05f);
  q = q * s + -2.13374055278905e-04f;
  q = q * s + -1.68282697438203e-03f;
  q = q * s + -7.37332916720468e-03f;
  q = q * s + -1.42647390514189e-02f;
  return x * p / q;
}

#endif
