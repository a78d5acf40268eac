#include "check.h"

#include "instructions.h"
#include "memory.h"
#include "moves.h"

/*
 * Elements are counted in double: words have 31 bits, so that no sum of a few products of them overflows, and what would be
 * rounded is far beyond any room.
 */
typedef struct {
  Room *room;
  const int32_t *word;
  int wrong;
} Reader;

static double at_least(Reader *r, int32_t least) {
  const int32_t x = *r->word++;
  if (x < least) r->wrong = 1;
  return x;
}

static double count(Reader *r) { return at_least(r, 1); }

static double stride(Reader *r) { return at_least(r, 0); }

static int one_of(Reader *r, int kinds) {
  const int32_t x = *r->word++;
  if (x < 0 || x >= kinds) r->wrong = 1;
  return x;
}

static int32_t place(Reader *r) { return *r->word++; }

/* From the first to the last of so many. */
static double span(double many, double apart) { return (many - 1) * apart; }

static void needs(Reader *r, int32_t at, double many, Elements elements) {
  const Room *room = r->room;
  if (at >= 0) {
    if (elements != FLOATS || at * (double)UNIT + many > room->arena_floats) r->wrong = 1;
    return;
  }
  if (at == NOTHING || -1 - at >= room->count) {
    r->wrong = 1;
    return;
  }
  Array *array = &room->arrays[-1 - at];
  if (array->elements == ANYTHING) array->elements = elements;
  if (array->elements != elements || many > array->length) r->wrong = 1;
}

static void tensor(Reader *r, double many) { needs(r, place(r), many, FLOATS); }

/* @returns whether it is there */
static int tensor_if_there(Reader *r, double many) {
  if (*r->word != NOTHING) return tensor(r, many), 1;
  r->word++;
  return 0;
}

static void product(Reader *r) {
  const double m = count(r), n = count(r), k = count(r);
  const int32_t a = place(r);
  const double a_row = stride(r), a_column = stride(r);
  const int32_t b = place(r);
  const double b_row = stride(r), b_column = stride(r);
  const int32_t c = place(r);
  const double c_row = stride(r);
  const int32_t bias = place(r);
  r->word += 2;
  const int32_t add = place(r);
  const double add_row = stride(r);
  r->word++;
  const double batch = count(r), a_step = stride(r), b_step = stride(r), c_step = stride(r);
  if ((a_row != 1 && a_column != 1) || (b_row != 1 && b_column != 1) || c_row < n) r->wrong = 1;
  needs(r, a, span(batch, a_step) + span(m, a_row) + span(k, a_column) + 1, FLOATS);
  needs(r, b, span(batch, b_step) + span(k, b_row) + span(n, b_column) + 1, FLOATS);
  needs(r, c, span(batch, c_step) + span(m, c_row) + n, FLOATS);
  if (bias != NOTHING) needs(r, bias, n, FLOATS);
  if (add != NOTHING) needs(r, add, span(m, add_row) + n, FLOATS);
}

static void attention(Reader *r, int gradient) {
  const double batch = count(r), n = count(r), heads = count(r), width = count(r);
  const double values = batch * n * heads * width;
  tensor(r, 3 * values);
  tensor(r, values);
  tensor(r, batch * heads * n);
  if (!gradient) return;
  tensor(r, values);
  tensor(r, 3 * values);
}

/* @returns how far the rows of a normalisation reach */
static double norm_rows(Reader *r, double *rows, double *width) {
  *rows = count(r), *width = count(r);
  const double side = count(r), step = stride(r), offset = stride(r);
  if ((int64_t)*rows % (int64_t)side != 0 || step < side * *width) r->wrong = 1;
  return offset + span(*rows / side, step) + side * *width;
}

static void layer_norm(Reader *r) {
  double rows, width;
  const double reach = norm_rows(r, &rows, &width);
  tensor(r, reach);
  tensor(r, width);
  const int centres = tensor_if_there(r, width);
  tensor(r, reach);
  if (tensor_if_there(r, rows) != centres) r->wrong = 1;
  tensor(r, rows);
}

static void layer_norm_gradient(Reader *r) {
  double rows, width;
  const double reach = norm_rows(r, &rows, &width);
  tensor(r, reach), tensor(r, reach);
  tensor(r, width);
  const int centres = tensor_if_there(r, rows);
  tensor(r, rows);
  tensor(r, reach);
  tensor(r, width);
  if (tensor_if_there(r, width) != centres) r->wrong = 1;
}

static void binary(Reader *r) {
  one_of(r, BINARIES);
  const int broadcast = one_of(r, BROADCASTS);
  const double many = count(r), period = count(r);
  tensor(r, many);
  /* rounded up by as much as a whole one: the last repetition may be cut short */
  tensor(r, broadcast == SAME ? many : broadcast == REPEATED_ROW ? period : (double)((int64_t)((many - 1) / period) + 1));
  tensor(r, many);
}

/* Of a tensor that is read by steps along the axes of the result. */
static double reach(Reader *r, const double sides[AXES]) {
  double last = 0;
  for (int i = 0; i < AXES; i++) last += span(sides[i], stride(r));
  return last + 1;
}

static double axes(Reader *r, double sides[AXES]) {
  double all = 1;
  for (int i = 0; i < AXES; i++) all *= sides[i] = count(r);
  return all;
}

static void binary_of_strides(Reader *r) {
  double sides[AXES];
  one_of(r, BINARIES);
  const double all = axes(r, sides), a = reach(r, sides), b = reach(r, sides);
  tensor(r, a), tensor(r, b);
  tensor(r, all);
}

static void transposed(Reader *r) {
  double sides[AXES];
  const double all = axes(r, sides), from = reach(r, sides);
  tensor(r, from);
  tensor(r, all);
}

static void blocks(Reader *r) {
  const double rows = count(r), length = count(r);
  for (int side = 0; side < 2; side++) {
    const int32_t at = place(r);
    const double offset = stride(r), step = stride(r);
    needs(r, at, offset + span(rows, step) + length, FLOATS);
  }
}

/* What the indices are is looked at before every run. */
static void lookup(Reader *r, int scatters) {
  const double many = count(r), width = count(r), rows = count(r);
  tensor(r, (scatters ? many : rows) * width);
  needs(r, place(r), many, INTEGERS);
  tensor(r, (scatters ? rows : many) * width);
}

static void silu_gate(Reader *r, int gradient) {
  const double rows = count(r), width = count(r);
  if ((int64_t)width % 2 != 0) r->wrong = 1;
  tensor(r, rows * width);
  tensor(r, rows * width / 2);
  if (gradient) tensor(r, rows * width);
}

static void maps(Reader *r, double many, int tensors) {
  for (int i = 0; i < tensors; i++) tensor(r, many);
}

int check_instruction(Room *room, int code, const int32_t *words) {
  Reader reader = {room, words, 0}, *r = &reader;
  switch (code) {
    case OP_PRODUCT: product(r); break;
    case OP_ATTENTION: attention(r, 0); break;
    case OP_ATTENTION_GRADIENT: attention(r, 1); break;
    case OP_LAYER_NORM: layer_norm(r); break;
    case OP_LAYER_NORM_GRADIENT: layer_norm_gradient(r); break;
    case OP_SOFTMAX: {
      const double rows = count(r), width = count(r);
      maps(r, rows * width, 2);
      break;
    }
    case OP_BINARY: binary(r); break;
    case OP_BINARY_STRIDED: binary_of_strides(r); break;
    case OP_UNARY:
      one_of(r, UNARIES);
      r->word++;
      maps(r, count(r), 2);
      break;
    case OP_GATE_GRADIENT: maps(r, count(r), 3); break;
    case OP_SILU_GATE: silu_gate(r, 0); break;
    case OP_SILU_GATE_GRADIENT: silu_gate(r, 1); break;
    case OP_SUM_ROWS: {
      const double rows = count(r), width = count(r);
      tensor(r, rows * width);
      tensor(r, width);
      break;
    }
    case OP_SUM_COLUMNS: {
      const double rows = count(r), width = count(r);
      tensor(r, rows * width);
      tensor(r, rows);
      break;
    }
    case OP_COPY_BLOCKS: blocks(r); break;
    case OP_TRANSPOSE: transposed(r); break;
    case OP_GATHER_ROWS: lookup(r, 0); break;
    case OP_SCATTER_ADD_ROWS: lookup(r, 1); break;
    case OP_DELIVER: maps(r, count(r), 2); break;
    case OP_JUDGE: maps(r, count(r), 1); break;
    case OP_UPDATE: {
      /* the count is the last word */
      const int32_t *const places = r->word;
      r->word += 5;
      const double many = count(r);
      for (int i = 0; i < 5; i++) needs(r, places[i], many, FLOATS);
      break;
    }
    default: return 0;
  }
  return !reader.wrong;
}
