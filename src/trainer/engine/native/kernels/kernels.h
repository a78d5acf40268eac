/* What the kernels compute; compiled once for each instruction set (kernels.c), the best one chosen when the program is loaded. */
#ifndef MASKDM_KERNELS_H
#define MASKDM_KERNELS_H

#include "team.h"

/*
 * c = alpha a b + bias_factor bias + add, or that added to c.
 * a [m, k] and b [k, n] by strides, one of the two strides of each being 1; c and add [m, n] with rows apart by their strides;
 * bias [n] and add may be NULL.
 */
typedef struct {
  Index m, n, k;
  const float *a;
  Index a_row, a_column;
  const float *b;
  Index b_row, b_column;
  float *c;
  Index c_row;
  const float *add;
  Index add_row;
  const float *bias;
  float alpha, bias_factor;
  int accumulate;
} Product;

/* Self-attention of `batch` sequences of n tokens, `heads` heads of `width`, D = heads * width. */
typedef struct {
  Index batch, n, heads, width;
  /* rows [batch n, 3 D]: queries, keys, values */
  const float *qkv;
  /* rows [batch n, D] */
  float *out;
  /* log of the sum of exponentials of the scores, [batch, heads, n] */
  float *log_sum;
} Attention;

typedef struct {
  Attention forward;
  /* [batch n, D] */
  const float *d_out;
  /* [batch n, 3 D] */
  float *d_qkv;
} AttentionGradient;

/* Rows of `width`: so many side by side, and those `step` apart; the first begins at `offset`. */
typedef struct {
  Index rows, width, side, step, offset;
} NormRows;

static inline Index norm_row(const NormRows *r, Index i) { return r->offset + i / r->side * r->step + i % r->side * r->width; }

/* Without bias and mean the values are not centred: root mean square normalisation. */
typedef struct {
  NormRows rows;
  const float *x, *gain, *bias;
  float *y, *mean, *inverse;
  float epsilon;
} LayerNorm;

/* Without mean and d_bias of that. */
typedef struct {
  NormRows rows;
  const float *dy, *x, *gain, *mean, *inverse;
  float *dx, *d_gain, *d_bias;
} LayerNormGradient;

/* How the second operand of an element-wise operation lies against the first, of `count` elements. */
typedef enum { SAME, REPEATED_ROW, REPEATED_EACH } Broadcast;
#define BROADCASTS (REPEATED_EACH + 1)

typedef enum { ADD, SUBTRACT, MULTIPLY } Binary;
#define BINARIES (MULTIPLY + 1)

typedef struct {
  Binary kind;
  Broadcast broadcast;
  Index count;
  /* REPEATED_ROW: b[i % period]; REPEATED_EACH: b[i / period] */
  Index period;
  const float *a, *b;
  float *out;
} BinaryMap;

typedef enum { SCALE, SHIFT, SUBTRACT_FROM, ERF, EXP, SIGMOID, RSQRT, GATE, COPY, ADD_TO } Unary;
#define UNARIES (ADD_TO + 1)

typedef struct {
  Unary kind;
  float scalar;
  Index count;
  const float *x;
  float *out;
} UnaryMap;

/* out = dy * d/du (u (1 + erf u)) */
typedef struct {
  Index count;
  const float *u, *dy;
  float *out;
} GateGradient;

/* Rows of x are `width` / 2 gates and as many values: silu(gate) value, or the gradient of that. */
typedef struct {
  Index rows, width;
  const float *x, *dy;
  float *out;
} SiluGate;

/* AdamW and the moving average; factors as in optimizer/kernels.ts. */
typedef struct {
  float gradient_scale, decay, beta1, one_minus_beta1, beta2, one_minus_beta2, step_size, root_correction, epsilon, ema_decay;
} AdamWFactors;

#define ADAMW_FACTORS 10

typedef struct {
  float *parameter, *m, *v, *ema;
  const float *gradient;
} AdamW;

typedef struct {
  const char *name;
  /* floats of scratch space: shared by all threads, and for each thread */
  Index (*product_shared)(const Product *);
  Index (*product_phases)(const Product *);
  Index (*attention_own)(const Attention *);
  /* Each is called by the threads of a team together and ends with a barrier. */
  void (*product)(Lane *, const Product *, float *shared);
  void (*attention)(Lane *, const Attention *, float *own);
  void (*attention_gradient)(Lane *, const AttentionGradient *, float *own);
  void (*layer_norm)(Lane *, const LayerNorm *);
  /* shared: layer_norm_shared() floats */
  void (*layer_norm_gradient)(Lane *, const LayerNormGradient *, float *shared);
  void (*softmax)(Lane *, Index rows, Index width, const float *x, float *y);
  void (*binary)(Lane *, const BinaryMap *);
  void (*unary)(Lane *, const UnaryMap *);
  void (*gate_gradient)(Lane *, const GateGradient *);
  void (*silu_gate)(Lane *, const SiluGate *);
  void (*silu_gate_gradient)(Lane *, const SiluGate *);
  /* out[width] = sum of the rows of x; shared: row_sums_shared() floats */
  void (*sum_rows)(Lane *, Index rows, Index width, const float *x, float *out, float *shared);
  /* out[row] = sum of that row */
  void (*sum_columns)(Lane *, Index rows, Index width, const float *x, float *out);
  /* partial[i] = sum of squares of a fixed part of x, in float64; the parts do not depend on the number of threads */
  void (*sum_of_squares)(Lane *, Index count, const float *x, double *partial);
  /* Elements `from` to before `to`, by one thread. */
  void (*adamw)(const AdamW *, const AdamWFactors *, Index from, Index to);
} Kernels;

/* Rows are summed in parts of so many, so that sums do not depend on the number of threads. */
#define ROWS_A_PART 32
#define SQUARES_A_PART 65536
/* Weights are updated in parts of so many: a few microseconds. */
#define WEIGHTS_A_PART 4096
/* Phases of everything but a product, at most. */
#define PHASES 2

static inline Index parts_of(Index count, Index part) { return (count + part - 1) / part; }
static inline Index row_sums_shared(Index rows, Index width) { return parts_of(rows, ROWS_A_PART) * width; }
static inline Index layer_norm_shared(Index rows, Index width) { return 2 * row_sums_shared(rows, width); }

/* Those that this processor executes, the best first; NULL behind the last. */
const Kernels *kernels_at(int place);
/* NULL where there are none of this name for this processor. */
const Kernels *kernels_named(const char *name);

#endif
