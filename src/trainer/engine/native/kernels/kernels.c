/* All kernels for one instruction set; KERNELS names the table. */
#include "kernels.h"

#include "micro.h"
#include "product.h"
#include "attention.h"
#include "rows.h"
#include "maps.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

extern const Kernels KERNELS;
const Kernels KERNELS = {
    .name = TEXT(KERNELS),
    .product_shared = product_shared,
    .product_phases = product_phases,
    .attention_own = attention_own,
    .product = product,
    .attention = attention,
    .attention_gradient = attention_gradient,
    .layer_norm = layer_norm,
    .layer_norm_gradient = layer_norm_gradient,
    .softmax = softmax,
    .binary = binary,
    .unary = unary,
    .gate_gradient = gate_gradient,
    .silu_gate = silu_gate,
    .silu_gate_gradient = silu_gate_gradient,
    .sum_rows = sum_rows,
    .sum_columns = sum_columns,
    .adamw = adamw,
    .sum_of_squares = sum_of_squares,
};
