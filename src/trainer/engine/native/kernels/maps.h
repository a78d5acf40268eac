/* Element-wise operations, dealt out in stretches that stay in the first-level cache. */

#define STRETCH 4096

static inline vf vsqrt(vf x) {
  for (int i = 0; i < VW; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
}

static inline vf vsigmoid(vf x) { return 1.0f / (1.0f + vexp(-x)); }

static inline __attribute__((always_inline)) vf unary_vf(Unary kind, vf x, float scalar) {
  switch (kind) {
    case SCALE: return x * scalar;
    case SHIFT: return x + scalar;
    case SUBTRACT_FROM: return scalar - x;
    case ERF: return verf(x);
    case EXP: return vexp(x);
    case SIGMOID: return vsigmoid(x);
    case RSQRT: return 1.0f / vsqrt(x);
    case GATE: return x * (1.0f + verf(x));
    default: return x;
  }
}

static inline __attribute__((always_inline)) void unary_stretch(Unary kind, const UnaryMap *m, Index from, Index to) {
  for (Index i = from; i < to; i += VW) store_part(m->out + i, unary_vf(kind, load_part(m->x + i, to - i), m->scalar), to - i);
}

static void unary(Lane *lane, const UnaryMap *m) {
  for (Index task; (task = team_take(lane, parts_of(m->count, STRETCH))) >= 0;) {
    const Index from = task * STRETCH, to = least(from + STRETCH, m->count);
    switch (m->kind) {
      case SCALE: unary_stretch(SCALE, m, from, to); break;
      case SHIFT: unary_stretch(SHIFT, m, from, to); break;
      case SUBTRACT_FROM: unary_stretch(SUBTRACT_FROM, m, from, to); break;
      case ERF: unary_stretch(ERF, m, from, to); break;
      case EXP: unary_stretch(EXP, m, from, to); break;
      case SIGMOID: unary_stretch(SIGMOID, m, from, to); break;
      case RSQRT: unary_stretch(RSQRT, m, from, to); break;
      case GATE: unary_stretch(GATE, m, from, to); break;
      case COPY: memcpy(m->out + from, m->x + from, (size_t)(to - from) * sizeof(float)); break;
      case ADD_TO:
        for (Index i = from; i < to; i += VW)
          store_part(m->out + i, load_part(m->out + i, to - i) + load_part(m->x + i, to - i), to - i);
        break;
    }
  }
  team_barrier(lane);
}

static inline __attribute__((always_inline)) vf binary_vf(Binary kind, vf a, vf b) {
  return kind == ADD ? a + b : kind == SUBTRACT ? a - b : a * b;
}

static inline __attribute__((always_inline)) void binary_run(Binary kind, const float *a, const float *b, float *out, Index count) {
  for (Index i = 0; i < count; i += VW)
    store_part(out + i, binary_vf(kind, load_part(a + i, count - i), load_part(b + i, count - i)), count - i);
}

static inline __attribute__((always_inline)) void binary_stretch(Binary kind, const BinaryMap *m, Index from, Index to) {
  if (m->broadcast == SAME) {
    binary_run(kind, m->a + from, m->b + from, m->out + from, to - from);
    return;
  }
  for (Index i = from; i < to;) {
    const Index stop = least(to, (i / m->period + 1) * m->period);
    if (m->broadcast == REPEATED_ROW) {
      binary_run(kind, m->a + i, m->b + i % m->period, m->out + i, stop - i);
    } else {
      const vf b = splat(m->b[i / m->period]);
      for (Index j = i; j < stop; j += VW) store_part(m->out + j, binary_vf(kind, load_part(m->a + j, stop - j), b), stop - j);
    }
    i = stop;
  }
}

static void binary(Lane *lane, const BinaryMap *m) {
  for (Index task; (task = team_take(lane, parts_of(m->count, STRETCH))) >= 0;) {
    const Index from = task * STRETCH, to = least(from + STRETCH, m->count);
    if (m->kind == ADD) binary_stretch(ADD, m, from, to);
    else if (m->kind == SUBTRACT) binary_stretch(SUBTRACT, m, from, to);
    else binary_stretch(MULTIPLY, m, from, to);
  }
  team_barrier(lane);
}

/* d/du = 1 + erf(u) + u (2 / sqrt(pi)) e^-u^2 */
static void gate_gradient(Lane *lane, const GateGradient *g) {
  for (Index task; (task = team_take(lane, parts_of(g->count, STRETCH))) >= 0;) {
    const Index to = least((task + 1) * STRETCH, g->count);
    for (Index i = task * STRETCH; i < to; i += VW) {
      const vf u = load_part(g->u + i, to - i);
      const vf slope = 1.0f + verf(u) + u * 1.12837917f * vexp(-u * u);
      store_part(g->out + i, load_part(g->dy + i, to - i) * slope, to - i);
    }
  }
  team_barrier(lane);
}

static void silu_gate(Lane *lane, const SiluGate *s) {
  const Index half = s->width / 2;
  for (Index part; (part = team_take(lane, parts_of(s->rows, ROWS_A_PART))) >= 0;) {
    for (Index i = part * ROWS_A_PART; i < least((part + 1) * ROWS_A_PART, s->rows); i++) {
      const float *gate = s->x + i * s->width, *value = gate + half;
      float *out = s->out + i * half;
      for (Index j = 0; j < half; j += VW) {
        const vf x = load_part(gate + j, half - j);
        store_part(out + j, x * vsigmoid(x) * load_part(value + j, half - j), half - j);
      }
    }
  }
  team_barrier(lane);
}

/* d/dx x s = s + x s (1 - s) with s the sigmoid of x */
static void silu_gate_gradient(Lane *lane, const SiluGate *s) {
  const Index half = s->width / 2;
  for (Index part; (part = team_take(lane, parts_of(s->rows, ROWS_A_PART))) >= 0;) {
    for (Index i = part * ROWS_A_PART; i < least((part + 1) * ROWS_A_PART, s->rows); i++) {
      const float *gate = s->x + i * s->width, *value = gate + half, *dy = s->dy + i * half;
      float *d_gate = s->out + i * s->width, *d_value = d_gate + half;
      for (Index j = 0; j < half; j += VW) {
        const Index left = half - j;
        const vf x = load_part(gate + j, left), d = load_part(dy + j, left), g = vsigmoid(x), silu = x * g;
        store_part(d_gate + j, d * load_part(value + j, left) * (g + silu - silu * g), left);
        store_part(d_value + j, d * silu, left);
      }
    }
  }
  team_barrier(lane);
}

/*
 * Floats that AdamW asks for ahead of time: with nine streams of memory the processor does not see soon enough what comes next.
 * A quarter less time with 64 to 128; with less or much more the gain is smaller.
 */
#define AHEAD 128

/* `left` elements of a vector at place i, all of them if there are more. */
static inline __attribute__((always_inline)) void adamw_vector(const AdamW *s, AdamWFactors f, Index i, Index left) {
  const vf g = load_part(s->gradient + i, left) * f.gradient_scale;
  const vf m = load_part(s->m + i, left) * f.beta1 + g * f.one_minus_beta1;
  const vf v = load_part(s->v + i, left) * f.beta2 + g * g * f.one_minus_beta2;
  const vf w = load_part(s->parameter + i, left) * f.decay - f.step_size * m / (vsqrt(v) * f.root_correction + f.epsilon);
  const vf e = load_part(s->ema + i, left);
  store_part(s->m + i, m, left);
  store_part(s->v + i, v, left);
  store_part(s->parameter + i, w, left);
  store_part(s->ema + i, w + (e - w) * f.ema_decay, left);
}

/* AdamW (Loshchilov & Hutter 2019), and the moving average of the weights, in one pass. */
static void adamw(const AdamW *s, const AdamWFactors *factors, Index from, Index to) {
  /* A copy that the stores cannot be taken to change. */
  const AdamWFactors f = *factors;
  Index i = from;
  for (; i + LINE <= to; i += LINE) {
    __builtin_prefetch(s->gradient + i + AHEAD, 0);
    __builtin_prefetch(s->parameter + i + AHEAD, 1);
    __builtin_prefetch(s->m + i + AHEAD, 1);
    __builtin_prefetch(s->v + i + AHEAD, 1);
    __builtin_prefetch(s->ema + i + AHEAD, 1);
    for (Index j = i; j < i + LINE; j += VW) adamw_vector(s, f, j, VW);
  }
  for (; i < to; i += VW) adamw_vector(s, f, i, to - i);
}

static void sum_of_squares(Lane *lane, Index count, const float *x, double *partial) {
  for (Index task; (task = team_take(lane, parts_of(count, SQUARES_A_PART))) >= 0;) {
    const Index to = least((task + 1) * SQUARES_A_PART, count);
    double sums[VW] = {0};
    Index i = task * SQUARES_A_PART;
    for (; i + VW <= to; i += VW)
      for (int j = 0; j < VW; j++) sums[j] += (double)x[i + j] * x[i + j];
    double total = 0;
    for (; i < to; i++) total += (double)x[i] * x[i];
    for (int j = 0; j < VW; j++) total += sums[j];
    partial[task] = total;
  }
  team_barrier(lane);
}
