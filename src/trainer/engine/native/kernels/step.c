/* The instructions of a program, one after the other. */
#include <math.h>
#include <string.h>

#include "instructions.h"
#include "memory.h"
#include "moves.h"
#include "state.h"

int decide(Program *program, int wanted) {
  int fate = UNDECIDED;
  return atomic_compare_exchange_strong(&program->fate, &fate, wanted) || fate == wanted;
}

Index next(Cursor *c) { return *c->word++; }

static float next_float(Cursor *c) {
  float x;
  memcpy(&x, c->word++, sizeof x);
  return x;
}

/* Non-negative: a place in the arena in units of 64 bytes; negative: -1 - index of one of the caller's arrays. */
void *next_tensor(Cursor *c) {
  const int32_t at = *c->word++;
  if (at == NOTHING || !c->program) return NULL;
  if (at >= 0) return c->program->arena + (size_t)at * UNIT;
  return c->program->given[-1 - at];
}

Product read_product(Cursor *c, Index *batch, Index steps[3]) {
  Product p = {0};
  p.m = next(c), p.n = next(c), p.k = next(c);
  p.a = next_tensor(c), p.a_row = next(c), p.a_column = next(c);
  p.b = next_tensor(c), p.b_row = next(c), p.b_column = next(c);
  p.c = next_tensor(c), p.c_row = next(c);
  p.bias = next_tensor(c), p.alpha = next_float(c), p.bias_factor = next_float(c);
  p.add = next_tensor(c), p.add_row = next(c);
  p.accumulate = next(c) != 0 && c->program && c->program->accumulate;
  *batch = next(c);
  for (int i = 0; i < 3; i++) steps[i] = next(c);
  return p;
}

Attention read_attention(Cursor *c) {
  Attention a = {0};
  a.batch = next(c), a.n = next(c), a.heads = next(c), a.width = next(c);
  a.qkv = next_tensor(c), a.out = next_tensor(c), a.log_sum = next_tensor(c);
  return a;
}

static NormRows read_norm_rows(Cursor *c) {
  NormRows r = {0};
  r.rows = next(c), r.width = next(c), r.side = next(c), r.step = next(c), r.offset = next(c);
  return r;
}

AdamW read_weights(Cursor *c) {
  AdamW w = {0};
  w.parameter = next_tensor(c), w.gradient = next_tensor(c);
  w.m = next_tensor(c), w.v = next_tensor(c), w.ema = next_tensor(c);
  return w;
}

void step(Program *program, Cursor *c, Lane *lane, Updating *updating) {
  const Kernels *kernels = program->kernels;
  float *own = program->own + (size_t)lane->thread * program->own_floats;
  switch (next(c)) {
    case OP_PRODUCT: {
      Index batch, steps[3];
      Product p = read_product(c, &batch, steps);
      for (Index i = 0; i < batch; i++) {
        kernels->product(lane, &p, program->shared);
        p.a += steps[0], p.b += steps[1], p.c += steps[2];
      }
      return;
    }
    case OP_ATTENTION: {
      const Attention a = read_attention(c);
      kernels->attention(lane, &a, own);
      return;
    }
    case OP_ATTENTION_GRADIENT: {
      AttentionGradient g = {.forward = read_attention(c)};
      g.d_out = next_tensor(c), g.d_qkv = next_tensor(c);
      kernels->attention_gradient(lane, &g, own);
      return;
    }
    case OP_LAYER_NORM: {
      LayerNorm n = {.rows = read_norm_rows(c)};
      n.x = next_tensor(c), n.gain = next_tensor(c), n.bias = next_tensor(c);
      n.y = next_tensor(c), n.mean = next_tensor(c), n.inverse = next_tensor(c), n.epsilon = next_float(c);
      kernels->layer_norm(lane, &n);
      return;
    }
    case OP_LAYER_NORM_GRADIENT: {
      LayerNormGradient g = {.rows = read_norm_rows(c)};
      g.dy = next_tensor(c), g.x = next_tensor(c), g.gain = next_tensor(c), g.mean = next_tensor(c), g.inverse = next_tensor(c);
      g.dx = next_tensor(c), g.d_gain = next_tensor(c), g.d_bias = next_tensor(c);
      kernels->layer_norm_gradient(lane, &g, program->shared);
      return;
    }
    case OP_SOFTMAX: {
      const Index rows = next(c), width = next(c);
      const float *x = next_tensor(c);
      kernels->softmax(lane, rows, width, x, next_tensor(c));
      return;
    }
    case OP_BINARY: {
      BinaryMap m = {0};
      m.kind = (Binary)next(c), m.broadcast = (Broadcast)next(c), m.count = next(c), m.period = next(c);
      m.a = next_tensor(c), m.b = next_tensor(c), m.out = next_tensor(c);
      kernels->binary(lane, &m);
      return;
    }
    case OP_BINARY_STRIDED: {
      Index sides[AXES], a_steps[AXES], b_steps[AXES];
      const Binary kind = (Binary)next(c);
      for (int i = 0; i < AXES; i++) sides[i] = next(c);
      for (int i = 0; i < AXES; i++) a_steps[i] = next(c);
      for (int i = 0; i < AXES; i++) b_steps[i] = next(c);
      const float *a = next_tensor(c), *b = next_tensor(c);
      binary_strided(lane, kind, sides, a_steps, b_steps, a, b, next_tensor(c));
      return;
    }
    case OP_UNARY: {
      UnaryMap m = {0};
      m.kind = (Unary)next(c), m.scalar = next_float(c), m.count = next(c);
      m.x = next_tensor(c), m.out = next_tensor(c);
      kernels->unary(lane, &m);
      return;
    }
    case OP_GATE_GRADIENT: {
      GateGradient g = {0};
      g.count = next(c), g.u = next_tensor(c), g.dy = next_tensor(c), g.out = next_tensor(c);
      kernels->gate_gradient(lane, &g);
      return;
    }
    case OP_SILU_GATE: {
      SiluGate s = {0};
      s.rows = next(c), s.width = next(c), s.x = next_tensor(c), s.out = next_tensor(c);
      kernels->silu_gate(lane, &s);
      return;
    }
    case OP_SILU_GATE_GRADIENT: {
      SiluGate s = {0};
      s.rows = next(c), s.width = next(c), s.x = next_tensor(c), s.dy = next_tensor(c), s.out = next_tensor(c);
      kernels->silu_gate_gradient(lane, &s);
      return;
    }
    case OP_SUM_ROWS: {
      const Index rows = next(c), width = next(c);
      const float *x = next_tensor(c);
      kernels->sum_rows(lane, rows, width, x, next_tensor(c), program->shared);
      return;
    }
    case OP_SUM_COLUMNS: {
      const Index rows = next(c), width = next(c);
      const float *x = next_tensor(c);
      kernels->sum_columns(lane, rows, width, x, next_tensor(c));
      return;
    }
    case OP_COPY_BLOCKS: {
      const Index rows = next(c), length = next(c);
      const float *from = next_tensor(c);
      const Index from_offset = next(c), from_step = next(c);
      float *to = next_tensor(c);
      const Index to_offset = next(c), to_step = next(c);
      copy_blocks(lane, rows, length, from + from_offset, from_step, to + to_offset, to_step);
      return;
    }
    case OP_TRANSPOSE: {
      Index sides[AXES], steps[AXES];
      for (int i = 0; i < AXES; i++) sides[i] = next(c);
      for (int i = 0; i < AXES; i++) steps[i] = next(c);
      const float *x = next_tensor(c);
      transpose(lane, sides, steps, x, next_tensor(c));
      return;
    }
    case OP_GATHER_ROWS: {
      const Index count = next(c), width = next(c);
      next(c);
      const float *table = next_tensor(c);
      const int32_t *index = next_tensor(c);
      gather_rows(lane, count, width, table, index, next_tensor(c));
      return;
    }
    case OP_SCATTER_ADD_ROWS: {
      const Index count = next(c), width = next(c), rows = next(c);
      const float *source = next_tensor(c);
      const int32_t *index = next_tensor(c);
      scatter_add_rows(lane, count, width, rows, source, index, next_tensor(c));
      return;
    }
    case OP_DELIVER: {
      UnaryMap m = {.kind = program->accumulate ? ADD_TO : COPY};
      m.count = next(c), m.x = next_tensor(c), m.out = next_tensor(c);
      kernels->unary(lane, &m);
      return;
    }
    case OP_JUDGE: {
      const Index count = next(c);
      const float *losses = next_tensor(c);
      if (team_take(lane, 1) >= 0) {
        double sum = 0;
        for (Index i = 0; i < count; i++) sum += losses[i];
        program->updates_weights = program->wants_update && isfinite(sum) && decide(program, CHANGES_WEIGHTS);
      }
      team_barrier(lane);
      return;
    }
    case OP_UPDATE: {
      c->word += 5;
      const Index count = next(c);
      if (program->updates_weights) updating_next(updating, count);
      return;
    }
    default:
      return;
  }
}
