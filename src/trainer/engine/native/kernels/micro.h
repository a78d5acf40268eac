/* The innermost part of every matrix product: one tile of MR rows by NR columns. */
#ifndef MASKDM_MICRO_H
#define MASKDM_MICRO_H

#include "team.h"
#include "vector.h"

typedef vf tile_t[MR][NRV];

/*
 * tile = sum over p < k of a(:, p) b(p, :).
 * b: [k][NR]. a(i, p) lies at a + i * row + p * column; rows beyond `rows` repeat the last one.
 */
static inline __attribute__((always_inline)) void multiply_tile(tile_t tile, Index k, const float *a, Index row, Index column,
                                                                int rows, const float *b) {
  const float *at[MR];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++) at[i] = a + (i < rows ? i : rows - 1) * row;
  vf acc[MR][NRV];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) acc[i][j] = (vf){0};
  for (Index p = 0; p < k; p++) {
    vf bv[NRV];
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) bv[j] = load(b + j * VW);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      const vf av = splat(at[i][p * column]);
#pragma GCC unroll 4
      for (int j = 0; j < NRV; j++) acc[i][j] += av * bv[j];
    }
    b += NR;
  }
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) tile[i][j] = acc[i][j];
}

/* The same with a packed as [k][MR]: with one pointer instead of MR of them it is 4 % quicker. */
static inline __attribute__((always_inline)) void multiply_packed(tile_t tile, Index k, const float *a, const float *b) {
  vf acc[MR][NRV];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) acc[i][j] = (vf){0};
#pragma GCC unroll 4
  for (Index p = 0; p < k; p++) {
    vf bv[NRV];
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) bv[j] = load(b + j * VW);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      const vf av = splat(a[i]);
#pragma GCC unroll 4
      for (int j = 0; j < NRV; j++) acc[i][j] += av * bv[j];
    }
    a += MR;
    b += NR;
  }
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) tile[i][j] = acc[i][j];
}

/*
 * The same with a in place, all MR rows of it, whose elements lie one after the other. Three rows share a pointer, as an address
 * may be that of a register plus once or twice another: with a pointer for each row it is up to 8 % slower.
 */
static inline __attribute__((always_inline)) void multiply_rows(tile_t tile, Index k, const float *a, Index row, const float *b) {
  const float *at[MR / 3 + 1];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i += 3) at[i / 3] = a + i * row;
  vf acc[MR][NRV];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) acc[i][j] = (vf){0};
#pragma GCC unroll 4
  for (Index p = 0; p < k; p++) {
    vf bv[NRV];
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) bv[j] = load(b + j * VW);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      const vf av = splat(at[i / 3][i % 3 * row]);
#pragma GCC unroll 4
      for (int j = 0; j < NRV; j++) acc[i][j] += av * bv[j];
    }
#pragma GCC unroll 16
    for (int i = 0; i < MR; i += 3) {
      at[i / 3]++;
      /* or the compiler makes a pointer for each row again */
      __asm__("" : "+r"(at[i / 3]));
    }
    b += NR;
  }
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NRV; j++) tile[i][j] = acc[i][j];
}

#endif
