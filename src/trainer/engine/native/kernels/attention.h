/*
 * Scaled dot-product self-attention, softmax(q k' / sqrt(width)) v, a head of a sequence at a time. Scores live in a thread's
 * own scratch, a block of query rows at a time; what the backward pass needs of them it computes again from the logarithm of
 * the softmax's denominator (Dao et al. 2022, "FlashAttention").
 */

/* Query rows worked on together. */
#define QUERY_ROWS (96 / MR * MR)

/* Packed columns or rows of one head. */
typedef struct {
  Index n, width;
  /* n and width rounded up to whole panels of NR, n also to whole tiles of MR */
  Index n_panels, width_panels, n_tiles;
} Head;

static Head head_of(const Attention *x) {
  return (Head){x->n, x->width, round_up(x->n, NR), round_up(x->width, NR), round_up(x->n, MR)};
}

/* Floats of scratch that the backward pass takes; the forward pass takes less. */
static Index attention_own(const Attention *x) {
  const Head h = head_of(x);
  return 4 * h.n_panels * h.width_panels + 2 * QUERY_ROWS * h.n_panels + 3 * QUERY_ROWS * h.width_panels +
         2 * h.n_tiles * h.width_panels + QUERY_ROWS;
}

/*
 * c (+)= alpha a b. a by strides, m rows; b packed in panels of [k][NR]; c has room for whole tiles, its rows c_row apart, a
 * multiple of NR.
 */
static void multiply_small(Index m, Index n, Index k, const float *a, Index a_row, Index a_column, const float *b, float *c,
                           Index c_row, float alpha, int accumulate) {
  const vf factor = splat(alpha);
  for (Index j = 0; j < n; j += NR) {
    const float *panel = b + j * k;
    for (Index i = 0; i < m; i += MR) {
      tile_t tile;
      if (a_column == 1) multiply_tile(tile, k, a + i * a_row, a_row, 1, (int)least(MR, m - i), panel);
      else multiply_tile(tile, k, a + i * a_row, 1, a_column, (int)least(MR, m - i), panel);
      float *to = c + i * c_row + j;
      if (accumulate) {
        for (int r = 0; r < MR; r++)
          for (int s = 0; s < NRV; s++) store(to + r * c_row + s * VW, load(to + r * c_row + s * VW) + factor * tile[r][s]);
      } else {
        for (int r = 0; r < MR; r++)
          for (int s = 0; s < NRV; s++) store(to + r * c_row + s * VW, factor * tile[r][s]);
      }
    }
  }
}

/* Panels [columns / NR][k][NR] of a matrix whose (p, j) lies at x + p * row + j * column. */
static void pack_columns(float *out, const float *x, Index row, Index column, Index k, Index columns) {
  for (Index j = 0; j < columns; j += NR)
    pack_panel(out + j * k, NR, x + j * column, column, row, least(NR, columns - j), k);
}

static void attention_head(const Attention *x, Index task, float *own) {
  const Head h = head_of(x);
  const Index D = x->heads * x->width;
  const Index b = task / x->heads, head = task % x->heads;
  const float *q = x->qkv + b * x->n * 3 * D + head * x->width;
  const float *k = q + D, *v = q + 2 * D;
  float *out = x->out + b * x->n * D + head * x->width;
  float *log_sum = x->log_sum + task * x->n;
  const float alpha = 1.0f / __builtin_sqrtf((float)x->width);

  float *keys = own;
  float *values = keys + h.n_panels * h.width_panels;
  float *scores = values + h.n_panels * h.width_panels;
  float *result = scores + QUERY_ROWS * h.n_panels;
  float *rest = result + QUERY_ROWS * h.width_panels;
  pack_columns(keys, k, 1, 3 * D, x->width, x->n);
  pack_columns(values, v, 3 * D, 1, x->n, x->width);
  for (Index i0 = 0; i0 < x->n; i0 += QUERY_ROWS) {
    const Index rows = least(QUERY_ROWS, x->n - i0);
    multiply_small(rows, x->n, x->width, q + i0 * 3 * D, 3 * D, 1, keys, scores, h.n_panels, alpha, 0);
    for (Index i = 0; i < rows; i++) {
      float *row = scores + i * h.n_panels;
      for (Index j = x->n; j < h.n_panels; j++) row[j] = -1e30f;
      vf highest = splat(-1e30f);
      for (Index j = 0; j < h.n_panels; j += VW) highest = vmax(highest, load(row + j));
      float largest = highest[0];
      for (int j = 1; j < VW; j++) largest = highest[j] > largest ? highest[j] : largest;
      vf sum = splat(0);
      for (Index j = 0; j < h.n_panels; j += VW) {
        const vf e = vexp(load(row + j) - largest);
        store(row + j, e);
        /* lanes beyond n hold e^-87, which is nothing beside the largest term, 1 */
        sum += e;
      }
      const float total = sum_of(sum);
      log_sum[i0 + i] = largest + __builtin_logf(total);
      rest[i] = 1.0f / total;
    }
    multiply_small(rows, x->width, x->n, scores, h.n_panels, 1, values, result, h.width_panels, 1, 0);
    for (Index i = 0; i < rows; i++)
      for (Index j = 0; j < x->width; j++) out[(i0 + i) * D + j] = result[i * h.width_panels + j] * rest[i];
  }
}

static void attention_head_gradient(const AttentionGradient *g, Index task, float *own) {
  const Attention *x = &g->forward;
  const Head h = head_of(x);
  const Index D = x->heads * x->width;
  const Index b = task / x->heads, head = task % x->heads;
  const Index at = b * x->n * 3 * D + head * x->width;
  const float *q = x->qkv + at, *k = q + D, *v = q + 2 * D;
  const float *out = x->out + b * x->n * D + head * x->width;
  const float *d_out = g->d_out + b * x->n * D + head * x->width;
  const float *log_sum = x->log_sum + task * x->n;
  float *d_q = g->d_qkv + at, *d_k = d_q + D, *d_v = d_q + 2 * D;
  const float alpha = 1.0f / __builtin_sqrtf((float)x->width);

  const Index panels = h.n_panels * h.width_panels;
  float *keys_across = own, *values_across = own + panels, *keys_down = own + 2 * panels;
  float *p = own + 3 * panels;                      /* probabilities, [QUERY_ROWS, n_panels] */
  float *d_s = p + QUERY_ROWS * h.n_panels;         /* gradient of the scores, alpha included */
  float *queries = d_s + QUERY_ROWS * h.n_panels;   /* packed as right factors */
  float *gradients = queries + QUERY_ROWS * h.width_panels;
  float *sums = gradients + QUERY_ROWS * h.width_panels;
  float *all_d_k = sums + QUERY_ROWS * h.width_panels;
  float *all_d_v = all_d_k + h.n_tiles * h.width_panels;
  pack_columns(keys_across, k, 1, 3 * D, x->width, x->n);
  pack_columns(values_across, v, 1, 3 * D, x->width, x->n);
  pack_columns(keys_down, k, 3 * D, 1, x->n, x->width);
  for (Index i0 = 0; i0 < x->n; i0 += QUERY_ROWS) {
    const Index rows = least(QUERY_ROWS, x->n - i0);
    multiply_small(rows, x->n, x->width, q + i0 * 3 * D, 3 * D, 1, keys_across, p, h.n_panels, alpha, 0);
    multiply_small(rows, x->n, x->width, d_out + i0 * D, D, 1, values_across, d_s, h.n_panels, 1, 0);
    for (Index i = 0; i < rows; i++) {
      const float *o_row = out + (i0 + i) * D, *d_row = d_out + (i0 + i) * D;
      float along = 0;
      for (Index j = 0; j < x->width; j++) along += o_row[j] * d_row[j];
      for (Index j = 0; j < h.n_panels; j += VW) {
        const vf e = vexp(load(p + i * h.n_panels + j) - log_sum[i0 + i]);
        store(p + i * h.n_panels + j, e);
        store(d_s + i * h.n_panels + j, e * (load(d_s + i * h.n_panels + j) - along) * alpha);
      }
    }
    multiply_small(rows, x->width, x->n, d_s, h.n_panels, 1, keys_down, sums, h.width_panels, 1, 0);
    for (Index i = 0; i < rows; i++) memcpy(d_q + (i0 + i) * 3 * D, sums + i * h.width_panels, (size_t)x->width * sizeof(float));
    pack_columns(queries, q + i0 * 3 * D, 3 * D, 1, rows, x->width);
    pack_columns(gradients, d_out + i0 * D, D, 1, rows, x->width);
    multiply_small(x->n, x->width, rows, d_s, 1, h.n_panels, queries, all_d_k, h.width_panels, 1, i0 > 0);
    multiply_small(x->n, x->width, rows, p, 1, h.n_panels, gradients, all_d_v, h.width_panels, 1, i0 > 0);
  }
  for (Index i = 0; i < x->n; i++) {
    memcpy(d_k + i * 3 * D, all_d_k + i * h.width_panels, (size_t)x->width * sizeof(float));
    memcpy(d_v + i * 3 * D, all_d_v + i * h.width_panels, (size_t)x->width * sizeof(float));
  }
}

static void attention(Lane *lane, const Attention *x, float *own) {
  for (Index task; (task = team_take(lane, x->batch * x->heads)) >= 0;) attention_head(x, task, own);
  team_barrier(lane);
}

static void attention_gradient(Lane *lane, const AttentionGradient *g, float *own) {
  for (Index task; (task = team_take(lane, g->forward.batch * g->forward.heads)) >= 0;) attention_head_gradient(g, task, own);
  team_barrier(lane);
}
