/* What programs are made of. Names as in instructions.ts, where the order is the same, and the words of each after its code. */
#ifndef MASKDM_INSTRUCTIONS_H
#define MASKDM_INSTRUCTIONS_H

#include <stdint.h>

#define INSTRUCTIONS(X)                           \
  X(PRODUCT, "product", 21)                       \
  X(ATTENTION, "attention", 7)                    \
  X(ATTENTION_GRADIENT, "attentionGradient", 9)   \
  X(LAYER_NORM, "layerNorm", 12)                  \
  X(LAYER_NORM_GRADIENT, "layerNormGradient", 13) \
  X(SOFTMAX, "softmax", 4)                        \
  X(BINARY, "binary", 7)                          \
  X(BINARY_STRIDED, "binaryStrided", 19)          \
  X(UNARY, "unary", 5)                            \
  X(GATE_GRADIENT, "gateGradient", 4)             \
  X(SILU_GATE, "siluGate", 4)                     \
  X(SILU_GATE_GRADIENT, "siluGateGradient", 5)    \
  X(SUM_ROWS, "sumRows", 4)                       \
  X(SUM_COLUMNS, "sumColumns", 4)                 \
  X(COPY_BLOCKS, "copyBlocks", 8)                 \
  X(TRANSPOSE, "transpose", 12)                   \
  X(GATHER_ROWS, "gatherRows", 6)                 \
  X(SCATTER_ADD_ROWS, "scatterAddRows", 6)        \
  X(DELIVER, "deliver", 3)                        \
  X(JUDGE, "judge", 2)                            \
  X(UPDATE, "update", 6)

#define CODE(code, name, words) OP_##code,
enum { INSTRUCTIONS(CODE) OP_COUNT };
#undef CODE

/* A tensor that is not there. */
#define NOTHING INT32_MIN

#endif
