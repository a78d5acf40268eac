/* Operations along the rows of a matrix: normalisation, softmax, sums. Rows are dealt out in parts of a fixed size. */

/* Bodies of loops over a row in whole vectors; what is left of the row is copied to and from a vector of its own. */
static inline vf load_part(const float *p, Index count) {
  if (count >= VW) return load(p);
  float part[VW] = {0};
  memcpy(part, p, (size_t)count * sizeof(float));
  return load(part);
}

static inline void store_part(float *p, vf v, Index count) {
  if (count >= VW) store(p, v);
  else memcpy(p, &v, (size_t)count * sizeof(float));
}

static inline float row_sum(const float *x, Index width) {
  vf sum = splat(0);
  for (Index j = 0; j < width; j += VW) sum += load_part(x + j, width - j);
  return sum_of(sum);
}

static void layer_norm(Lane *lane, const LayerNorm *n) {
  const Index rows = n->rows.rows, width = n->rows.width;
  for (Index part; (part = team_take(lane, parts_of(rows, ROWS_A_PART))) >= 0;) {
    for (Index i = part * ROWS_A_PART; i < least((part + 1) * ROWS_A_PART, rows); i++) {
      const Index at = norm_row(&n->rows, i);
      const float *x = n->x + at;
      const float mean = n->mean ? row_sum(x, width) / (float)width : 0;
      vf squares = splat(0);
      for (Index j = 0; j < width; j += VW) {
        /* lanes beyond the row would count as -mean */
        vf d = load_part(x + j, width - j) - mean;
        if (width - j < VW)
          for (Index lane_ = width - j; lane_ < VW; lane_++) d[lane_] = 0;
        squares += d * d;
      }
      const float inverse = 1.0f / __builtin_sqrtf(sum_of(squares) / (float)width + n->epsilon);
      if (n->mean) n->mean[i] = mean;
      n->inverse[i] = inverse;
      for (Index j = 0; j < width; j += VW) {
        const Index left = width - j;
        const vf bias = n->bias ? load_part(n->bias + j, left) : splat(0);
        const vf y = (load_part(x + j, left) - mean) * inverse * load_part(n->gain + j, left) + bias;
        store_part(n->y + at + j, y, left);
      }
    }
  }
  team_barrier(lane);
}

/* out[j] = sum over parts of partial[part][j], in order, for a task's columns. */
static void add_parts(Index task, Index parts, Index width, Index stride, const float *partial, float *out) {
  const Index j = task * 4 * VW;
  for (Index s = j; s < least(j + 4 * VW, width); s += VW) {
    const Index left = width - s;
    vf sum = splat(0);
    for (Index part = 0; part < parts; part++) sum += load_part(partial + part * stride + s, left);
    store_part(out + s, sum, left);
  }
}

/* dx = r (h - mean(h) - x^ mean(h x^)) with h = dy gain, x^ = (x - mean) r (Ba et al. 2016). */
static void layer_norm_gradient(Lane *lane, const LayerNormGradient *g, float *shared) {
  const Index rows = g->rows.rows, width = g->rows.width, parts = parts_of(rows, ROWS_A_PART);
  for (Index part; (part = team_take(lane, parts)) >= 0;) {
    float *gain_sums = shared + part * 2 * width, *bias_sums = gain_sums + width;
    memset(gain_sums, 0, (size_t)(2 * width) * sizeof(float));
    for (Index i = part * ROWS_A_PART; i < least((part + 1) * ROWS_A_PART, rows); i++) {
      const Index at = norm_row(&g->rows, i);
      const float *x = g->x + at, *dy = g->dy + at;
      const float mean = g->mean ? g->mean[i] : 0, inverse = g->inverse[i];
      vf sum_h = splat(0), sum_hx = splat(0);
      for (Index j = 0; j < width; j += VW) {
        const Index left = width - j;
        const vf d = load_part(dy + j, left);
        const vf normal = (load_part(x + j, left) - mean) * inverse;
        const vf h = d * load_part(g->gain + j, left);
        sum_h += h;
        sum_hx += h * normal;
        store_part(gain_sums + j, load_part(gain_sums + j, left) + d * normal, left);
        if (g->d_bias) store_part(bias_sums + j, load_part(bias_sums + j, left) + d, left);
      }
      const float mean_h = g->mean ? sum_of(sum_h) / (float)width : 0, mean_hx = sum_of(sum_hx) / (float)width;
      for (Index j = 0; j < width; j += VW) {
        const Index left = width - j;
        const vf normal = (load_part(x + j, left) - mean) * inverse;
        const vf h = load_part(dy + j, left) * load_part(g->gain + j, left);
        store_part(g->dx + at + j, (h - mean_h - normal * mean_hx) * inverse, left);
      }
    }
  }
  team_barrier(lane);
  const Index tasks = parts_of(width, 4 * VW);
  for (Index task; (task = team_take(lane, g->d_bias ? 2 * tasks : tasks)) >= 0;) {
    if (task < tasks) add_parts(task, parts, width, 2 * width, shared, g->d_gain);
    else add_parts(task - tasks, parts, width, 2 * width, shared + width, g->d_bias);
  }
  team_barrier(lane);
}

static void sum_rows(Lane *lane, Index rows, Index width, const float *x, float *out, float *shared) {
  const Index parts = parts_of(rows, ROWS_A_PART), stretches = parts_of(width, 1024);
  for (Index task; (task = team_take(lane, parts * stretches)) >= 0;) {
    const Index part = task / stretches, first = task % stretches * 1024;
    const float *from = x + part * ROWS_A_PART * width;
    const Index count = least(ROWS_A_PART, rows - part * ROWS_A_PART);
    for (Index j = first; j < least(first + 1024, width); j += VW) {
      vf sum = splat(0);
      for (Index i = 0; i < count; i++) sum += load_part(from + i * width + j, width - j);
      store_part(shared + part * width + j, sum, width - j);
    }
  }
  team_barrier(lane);
  for (Index task; (task = team_take(lane, parts_of(width, 4 * VW))) >= 0;) add_parts(task, parts, width, width, shared, out);
  team_barrier(lane);
}

static void sum_columns(Lane *lane, Index rows, Index width, const float *x, float *out) {
  for (Index part; (part = team_take(lane, parts_of(rows, ROWS_A_PART))) >= 0;)
    for (Index i = part * ROWS_A_PART; i < least((part + 1) * ROWS_A_PART, rows); i++) out[i] = row_sum(x + i * width, width);
  team_barrier(lane);
}

static void softmax(Lane *lane, Index rows, Index width, const float *x, float *y) {
  for (Index part; (part = team_take(lane, parts_of(rows, ROWS_A_PART))) >= 0;) {
    for (Index i = part * ROWS_A_PART; i < least((part + 1) * ROWS_A_PART, rows); i++) {
      const float *from = x + i * width;
      float *to = y + i * width;
      float largest = from[0], total = 0;
      for (Index j = 1; j < width; j++) largest = from[j] > largest ? from[j] : largest;
      for (Index j = 0; j < width; j += VW) store_part(to + j, vexp(load_part(from + j, width - j) - largest), width - j);
      total = row_sum(to, width);
      for (Index j = 0; j < width; j += VW) store_part(to + j, load_part(to + j, width - j) / total, width - j);
    }
  }
  team_barrier(lane);
}
