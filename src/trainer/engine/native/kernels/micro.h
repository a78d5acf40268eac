/* The innermost part of every matrix product: one tile of MR rows by NR columns. */
#ifndef MASKDM_MICRO_H
#define MASKDM_MICRO_H

#include "team.h"
#include "vector.h"

typedef vf tile_t[MR][NRV];

/* For each vector [i][j] of a tile, written out: a tile in registers knows no loops. */
#define EACH_VECTOR(statement)                          \
  _Pragma("GCC unroll 16") for (int i = 0; i < MR; i++) \
    _Pragma("GCC unroll 4") for (int j = 0; j < NRV; j++) statement;

/* Floats of a cache line. */
#define LINE 16
/*
 * Rows of a that are read at a time, a cache line of each. Where they are a multiple of 4 KiB apart, as those of 1024 columns, their
 * lines have one set of the first-level cache between them, which holds eight in many processors: twelve would drive each other out.
 */
#define ROWS_A_TIME (MR > 8 ? MR / 2 : MR)

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
  EACH_VECTOR(acc[i][j] = (vf){0})
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
  EACH_VECTOR(tile[i][j] = acc[i][j])
}

/* The same with a packed as [k][MR]: with one pointer instead of MR of them it is 4 % quicker. */
static inline __attribute__((always_inline)) void multiply_packed(tile_t tile, Index k, const float *a, const float *b) {
  vf acc[MR][NRV];
  EACH_VECTOR(acc[i][j] = (vf){0})
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
  EACH_VECTOR(tile[i][j] = acc[i][j])
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
  EACH_VECTOR(acc[i][j] = (vf){0})
  while (k > 0) {
    const Index depth = ROWS_A_TIME < MR && k > LINE ? LINE : k;
#pragma GCC unroll 4
    for (int first = 0; first < MR; first += ROWS_A_TIME) {
      const float *row_of_b = b;
#pragma GCC unroll 4
      for (Index p = 0; p < depth; p++) {
        vf bv[NRV];
#pragma GCC unroll 4
        for (int j = 0; j < NRV; j++) bv[j] = load(row_of_b + j * VW);
#pragma GCC unroll 16
        for (int r = 0; r < ROWS_A_TIME; r++) {
          const int i = first + r;
          const vf av = splat(at[i / 3][i % 3 * row]);
#pragma GCC unroll 4
          for (int j = 0; j < NRV; j++) acc[i][j] += av * bv[j];
        }
#pragma GCC unroll 16
        for (int r = 0; r < ROWS_A_TIME; r += 3) {
          at[(first + r) / 3]++;
          /* or the compiler makes a pointer for each row again */
          __asm__("" : "+r"(at[(first + r) / 3]));
        }
        row_of_b += NR;
      }
    }
    b += depth * NR;
    k -= depth;
  }
  EACH_VECTOR(tile[i][j] = acc[i][j])
}

#endif
