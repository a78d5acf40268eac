/* Matrix products: factors are packed into panels by all threads, then tiles of the result are dealt out. */

/*
 * Depth of a slice and largest tile of the result: a slice's panel of b stays in the first-level cache beside one of a, 32 KiB with
 * many processors, and the tile's block of a in the second. Rows of a that are 8 KiB apart share one in eight of its 1024 sets of 16
 * lines, those of AVX-512's processors: of 96 rows twelve.
 */
#if VW == 16
#define KC 176
#define TILE_ROWS (96 / MR * MR)
#define TILE_COLUMNS (192 / NR * NR)
#else
#define KC 256
#define TILE_ROWS (144 / MR * MR)
#define TILE_COLUMNS (128 / NR * NR)
#endif
/* Floats that the packed factors may take together. */
#define PACK_FLOATS ((Index)6 << 20)

static Index round_up(Index x, Index step) { return (x + step - 1) / step * step; }
static Index least(Index a, Index b) { return a < b ? a : b; }
static Index most(Index a, Index b) { return a > b ? a : b; }

/* Rows and depth of the blocks in which a product is worked off. */
typedef struct {
  Index rows, depth;
} Blocks;

static Blocks blocks_of(const Product *p) {
  const Index n = round_up(p->n, NR);
  Index depth = round_up(p->k, KC);
  while (depth > KC && (n + MR) * depth > PACK_FLOATS) depth = round_up(depth / 2, KC);
  const Index fit = PACK_FLOATS / depth - n;
  Index rows = most(fit / TILE_ROWS, 1) * TILE_ROWS;
  /* Better a shallower block than a low one: each pass over the result costs less than packing b again. */
  while (depth > 4 * KC && rows < least(p->m, 4 * TILE_ROWS)) {
    depth = round_up(depth / 2, KC);
    rows = most((PACK_FLOATS / depth - n) / TILE_ROWS, 1) * TILE_ROWS;
  }
  return (Blocks){least(rows, round_up(p->m, MR)), least(depth, p->k)};
}

/* Phases that a product goes through. */
static Index product_phases(const Product *p) {
  const Blocks blocks = blocks_of(p);
  return 2 * parts_of(p->k, blocks.depth) * parts_of(p->m, blocks.rows);
}

static Index product_shared(const Product *p) {
  const Blocks blocks = blocks_of(p);
  return (round_up(blocks.rows, MR) + round_up(p->n, NR)) * blocks.depth;
}

/* `count` <= width lanes beside each other, k deep, from strides to [k][width]; missing lanes are 0. */
static inline __attribute__((always_inline)) void pack_panel(float *out, const Index width, const float *x, Index lane,
                                                             Index deep, Index count, Index k) {
  if (lane == 1) {
    if (count == width)
      for (Index p = 0; p < k; p++) memcpy(out + p * width, x + p * deep, (size_t)width * sizeof(float));
    else
      for (Index p = 0; p < k; p++)
        for (Index i = 0; i < width; i++) out[p * width + i] = i < count ? x[p * deep + i] : 0;
    return;
  }
  Index first = 0;
  /* A square of vectors at a time, transposed on the way. */
  for (; first + VW <= count && VW <= width; first += VW) {
    const float *rows = x + first * lane;
    Index p = 0;
    for (; p + VW <= k; p += VW) {
      vf square[VW];
#pragma GCC unroll 16
      for (int i = 0; i < VW; i++) square[i] = load(rows + i * lane + p);
      transpose_square(square);
#pragma GCC unroll 16
      for (int j = 0; j < VW; j++) store(out + (p + j) * width + first, square[j]);
    }
    for (; p < k; p++)
      for (int i = 0; i < VW; i++) out[p * width + first + i] = rows[i * lane + p];
  }
  for (; first < count; first++)
    for (Index p = 0; p < k; p++) out[p * width + first] = x[first * lane + p];
  for (; first < width; first++)
    for (Index p = 0; p < k; p++) out[p * width + first] = 0;
}

/* Where a tile goes, and what is added to it. */
typedef struct {
  const Product *p;
  Index row, column;
  Index rows, columns;
  /* the first slice sets c (unless told to accumulate), the later ones add to it */
  int first;
} Target;

/* Rows of a tile, `columns` of each, between a matrix and room for a whole tile. */
static void copy_tile(float *to, Index to_row, const float *from, Index from_row, Index rows, Index columns) {
  for (Index i = 0; i < rows; i++) memcpy(to + i * to_row, from + i * from_row, (size_t)columns * sizeof(float));
}

static inline __attribute__((always_inline)) void write_tile(tile_t tile, const Target *t) {
  const Product *p = t->p;
  const int whole = t->rows == MR && t->columns == NR, onto = !t->first || p->accumulate;
  float *const at = p->c + t->row * p->c_row + t->column;
  float *c = at;
  Index c_row = p->c_row, add_row = p->add_row;
  const float *bias = t->first && p->bias ? p->bias + t->column : NULL;
  const float *add = t->first && p->add ? p->add + t->row * p->add_row + t->column : NULL;
  /* Of a tile at the border everything goes through copies of a whole tile's size. */
  float c_copy[MR][NR], add_copy[MR][NR], bias_copy[NR];
  if (!whole) {
    if (onto) copy_tile(c_copy[0], NR, c, c_row, t->rows, t->columns);
    if (add) copy_tile(add_copy[0], NR, add, add_row, t->rows, t->columns);
    if (bias) memcpy(bias_copy, bias, (size_t)t->columns * sizeof(float));
    c = c_copy[0], c_row = NR;
    if (add) add = add_copy[0], add_row = NR;
    if (bias) bias = bias_copy;
  }
  const vf alpha = splat(p->alpha);
  if (onto) {
    EACH_VECTOR(tile[i][j] = load(c + i * c_row + j * VW) + alpha * tile[i][j])
  } else {
    EACH_VECTOR(tile[i][j] *= alpha)
  }
  if (bias) {
    const vf factor = splat(p->bias_factor);
    EACH_VECTOR(tile[i][j] += factor * load(bias + j * VW))
  }
  if (add) EACH_VECTOR(tile[i][j] += load(add + i * add_row + j * VW))
  EACH_VECTOR(store(c + i * c_row + j * VW, tile[i][j]))
  if (!whole) copy_tile(at, p->c_row, c, NR, t->rows, t->columns);
}

/* Panels that a task packs together: of rows beside each other in memory, each of which is read to the end of its cache lines. */
#define GROUP 4

/* Packs a group of panels in slices of KC: [slice][panel][KC][width]. The matrix is k deep; its lanes are `across` apart. */
static inline __attribute__((always_inline)) void pack_group(Index group, float *out, const Index width, const float *x,
                                                             Index across, Index deep, Index count, Index k) {
  const Index panels = parts_of(count, width), first = group * GROUP, last = least(first + GROUP, panels);
  for (Index p = 0; p < k; p += KC) {
    const Index depth = least(KC, k - p);
    float *slice = out + p * panels * width;
    Index panel = first;
    if (across == 1 && last == first + GROUP && last * width <= count) {
      const float *from = x + first * width + p * deep;
      float *to = slice + first * depth * width;
      for (Index q = 0; q < depth; q++) {
#pragma GCC unroll 4
        for (Index i = 0; i < GROUP; i++)
          memcpy(to + (i * depth + q) * width, from + q * deep + i * width, (size_t)width * sizeof(float));
      }
      panel = last;
    }
    for (; panel < last; panel++)
      pack_panel(slice + panel * depth * width, width, x + panel * width * across + p * deep, across, deep,
                 least(width, count - panel * width), depth);
  }
}

static Index even_part(Index count, Index largest, Index step, Index parts_multiple) {
  Index parts = parts_of(count, largest);
  parts = round_up(parts, parts_multiple);
  return most(round_up(parts_of(count, parts), step), step);
}

/* Rows of a left factor of which a slice stays in the second-level cache. */
#define FEW_ROWS 256

/*
 * A product whose left factor is read in place and has few rows: one thread does all of them for a group of panels of b, which
 * nobody else needs and which it packs itself, right before.
 */
static void low_product(Lane *lane, const Product *p) {
  /* Up to 96 KiB. In memory of the program's it takes 1 to 2 % more of a step. */
  _Alignas(64) float packed[GROUP * KC * NR];
  const Index columns = even_part(p->n, GROUP * NR, NR, lane->threads);
  for (Index task; (task = team_take(lane, parts_of(p->n, columns))) >= 0;) {
    const Index j0 = task * columns, width = least(columns, p->n - j0);
    for (Index s = 0; s < p->k; s += KC) {
      const Index slice = least(KC, p->k - s);
      pack_group(0, packed, NR, p->b + s * p->b_row + j0 * p->b_column, p->b_column, p->b_row, width, slice);
      for (Index j = 0; j < width; j += NR) {
        const float *b = packed + j * slice;
        if (lane->aside) lane->aside(lane->argument);
        for (Index i = 0; i < p->m; i += MR) {
          const float *a = p->a + i * p->a_row + s;
          const Index rows = least(MR, p->m - i);
          tile_t tile;
          fetch_aside(lane);
          if (rows == MR) multiply_rows(tile, slice, a, p->a_row, b);
          else multiply_tile(tile, slice, a, p->a_row, 1, (int)rows, b);
          const Target target = {p, i, j0 + j, rows, least(NR, width - j), s == 0};
          write_tile(tile, &target);
        }
      }
    }
  }
  team_barrier(lane);
}

static void product(Lane *lane, const Product *p, float *shared) {
  if (p->a_column == 1 && p->m <= FEW_ROWS) {
    low_product(lane, p);
    return;
  }
  const Blocks blocks = blocks_of(p);
  float *packed_b = shared;
  float *packed_a = shared + round_up(p->n, NR) * blocks.depth;
  const Index b_panels = parts_of(p->n, NR);
  for (Index k0 = 0; k0 < p->k; k0 += blocks.depth) {
    const Index depth = least(blocks.depth, p->k - k0);
    for (Index m0 = 0; m0 < p->m; m0 += blocks.rows) {
      const Index rows = least(blocks.rows, p->m - m0);
      const Index a_panels = parts_of(rows, MR);
      /* Rows that lie in memory one after the other are read where they are. */
      const int in_place = p->a_column == 1;
      const Index a_tasks = in_place ? 0 : parts_of(a_panels, GROUP);
      const Index b_tasks = m0 == 0 ? parts_of(b_panels, GROUP) : 0;
      const float *a0 = p->a + m0 * p->a_row + k0 * p->a_column;
      for (Index task; (task = team_take(lane, a_tasks + b_tasks)) >= 0;) {
        if (task < b_tasks) pack_group(task, packed_b, NR, p->b + k0 * p->b_row, p->b_column, p->b_row, p->n, depth);
        else pack_group(task - b_tasks, packed_a, MR, a0, p->a_row, p->a_column, rows, depth);
      }
      team_barrier(lane);

      /* As many tiles for every thread, and not one large one left over at the end. */
      const Index across = parts_of(p->n, TILE_COLUMNS);
      const Index tile_columns = even_part(p->n, TILE_COLUMNS, NR, 1);
      const Index tile_rows = even_part(rows, TILE_ROWS, MR, across % lane->threads == 0 ? 1 : lane->threads);
      const Index down = parts_of(rows, tile_rows);
      for (Index task; (task = team_take(lane, down * across)) >= 0;) {
        const Index i0 = task / across * tile_rows;
        const Index j0 = task % across * tile_columns;
        const Index i1 = least(i0 + tile_rows, rows);
        const Index j1 = least(j0 + tile_columns, p->n);
        for (Index s = 0; s < depth; s += KC) {
          const Index slice = least(KC, depth - s);
          for (Index j = j0; j < j1; j += NR) {
            if (lane->aside) lane->aside(lane->argument);
            const float *b = packed_b + s * b_panels * NR + j / NR * slice * NR;
            for (Index i = i0; i < i1; i += MR) {
              tile_t tile;
              fetch_aside(lane);
              const float *a = a0 + i * p->a_row + s;
              if (in_place && i1 - i >= MR) multiply_rows(tile, slice, a, p->a_row, b);
              else if (in_place) multiply_tile(tile, slice, a, p->a_row, 1, (int)(i1 - i), b);
              else multiply_packed(tile, slice, packed_a + s * a_panels * MR + i / MR * slice * MR, b);
              const Target target = {p, m0 + i, j, least(MR, i1 - i), least(NR, j1 - j), k0 + s == 0};
              write_tile(tile, &target);
            }
          }
        }
      }
      team_barrier(lane);
    }
  }
}
