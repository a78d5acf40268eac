#include "moves.h"

#include <string.h>

void copy_blocks(Lane *lane, Index rows, Index length, const float *from, Index from_step, float *to, Index to_step) {
  const Index together = length < 4096 ? 4096 / length + 1 : 1;
  for (Index task; (task = team_take(lane, parts_of(rows, together))) >= 0;)
    for (Index i = task * together; i < (task + 1) * together && i < rows; i++)
      memcpy(to + i * to_step, from + i * from_step, (size_t)length * sizeof(float));
  team_barrier(lane);
}

void transpose(Lane *lane, const Index sides[AXES], const Index steps[AXES], const float *x, float *out) {
  const Index inner = sides[AXES - 1], step = steps[AXES - 1];
  const Index rows = sides[0] * sides[1] * sides[2] * sides[3];
  const Index together = inner < 1024 ? 1024 / inner + 1 : 1;
  for (Index task; (task = team_take(lane, parts_of(rows, together))) >= 0;)
    for (Index row = task * together; row < (task + 1) * together && row < rows; row++) {
      Index from = 0, rest = row;
      for (int axis = AXES - 2; axis >= 0; axis--) {
        from += rest % sides[axis] * steps[axis];
        rest /= sides[axis];
      }
      for (Index j = 0; j < inner; j++) out[row * inner + j] = x[from + j * step];
    }
  team_barrier(lane);
}

void binary_strided(Lane *lane, Binary kind, const Index sides[AXES], const Index a_steps[AXES], const Index b_steps[AXES],
                    const float *a, const float *b, float *out) {
  const Index inner = sides[AXES - 1];
  const Index rows = sides[0] * sides[1] * sides[2] * sides[3];
  for (Index row; (row = team_take(lane, rows)) >= 0;) {
    Index from_a = 0, from_b = 0, rest = row;
    for (int axis = AXES - 2; axis >= 0; axis--) {
      from_a += rest % sides[axis] * a_steps[axis];
      from_b += rest % sides[axis] * b_steps[axis];
      rest /= sides[axis];
    }
    for (Index j = 0; j < inner; j++) {
      const float x = a[from_a + j * a_steps[AXES - 1]], y = b[from_b + j * b_steps[AXES - 1]];
      out[row * inner + j] = kind == ADD ? x + y : kind == SUBTRACT ? x - y : x * y;
    }
  }
  team_barrier(lane);
}

void gather_rows(Lane *lane, Index count, Index width, const float *table, const int32_t *index, float *out) {
  for (Index task; (task = team_take(lane, parts_of(count, 16))) >= 0;)
    for (Index i = task * 16; i < (task + 1) * 16 && i < count; i++)
      memcpy(out + i * width, table + index[i] * width, (size_t)width * sizeof(float));
  team_barrier(lane);
}

/* Columns are dealt out, rows added in their order. */
void scatter_add_rows(Lane *lane, Index count, Index width, Index rows, const float *source, const int32_t *index, float *out) {
  const Index columns = 64;
  for (Index task; (task = team_take(lane, parts_of(width, columns))) >= 0;) {
    const Index from = task * columns, length = width - from < columns ? width - from : columns;
    for (Index i = 0; i < rows; i++) memset(out + i * width + from, 0, (size_t)length * sizeof(float));
    for (Index i = 0; i < count; i++) {
      float *to = out + index[i] * width + from;
      const float *add = source + i * width + from;
      for (Index j = 0; j < length; j++) to[j] += add[j];
    }
  }
  team_barrier(lane);
}
