/* Data put elsewhere without arithmetic, or with so little that no instruction set makes it quicker. All end with a barrier. */
#ifndef MASKDM_MOVES_H
#define MASKDM_MOVES_H

#include <stdint.h>

#include "kernels.h"

/* Axes of strided operations; leading ones may have side 1. */
#define AXES 5

/* Rows of `length` floats, their starts `from_step` and `to_step` apart. */
void copy_blocks(Lane *lane, Index rows, Index length, const float *from, Index from_step, float *to, Index to_step);

/* sides: of the result; steps: of the source along the result's axes. */
void transpose(Lane *lane, const Index sides[AXES], const Index steps[AXES], const float *x, float *out);

/* Operands that are broadcast in ways of which the kernels know nothing; a step of 0 repeats. */
void binary_strided(Lane *lane, Binary kind, const Index sides[AXES], const Index a_steps[AXES], const Index b_steps[AXES],
                    const float *a, const float *b, float *out);

/* out[i] = table[index[i]], rows of `width`. */
void gather_rows(Lane *lane, Index count, Index width, const float *table, const int32_t *index, float *out);

/* out [rows, width] = sums of the rows of source [count, width] by their index; the same with any number of threads. */
void scatter_add_rows(Lane *lane, Index count, Index width, Index rows, const float *source, const int32_t *index, float *out);

#endif
