#include "program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "instructions.h"
#include "memory.h"
#include "moves.h"
#include "updates.h"

#define LENGTH(code, name, words) words,
static const int LENGTHS[OP_COUNT] = {INSTRUCTIONS(LENGTH)};
#undef LENGTH

#define NAME(code, name, words) ", " name " " #words
static const char NAMES[] = INSTRUCTIONS(NAME);
#undef NAME

const char *program_instructions(void) { return NAMES + 2; }

struct Program {
  Team *team;
  const Kernels *kernels;
  int32_t *words;
  size_t count;
  Room room;
  float *arena, *shared, *own;
  size_t own_floats;
  Index phases;
  Updates updates;
  /* the words of each of them */
  const int32_t **updated;
  /* NULL, or what is set from outside to have the run broken off */
  const int32_t *cancel;
  /* of the run under way */
  void **given;
  int accumulate;
  /* weights are updated; as the caller wants it, and then as the loss allows */
  int wants_update, updates_weights;
  atomic_int fate;
};

/* A run is broken off, or changes weights: whichever comes first keeps the other from happening. */
enum { UNDECIDED, BROKEN_OFF, CHANGES_WEIGHTS };

/* @returns whether the run's fate is the wanted one, now or before */
static int decide(Program *program, int wanted) {
  int fate = UNDECIDED;
  return atomic_compare_exchange_strong(&program->fate, &fate, wanted) || fate == wanted;
}

/* Whether a thread may leave the run between two instructions. Others may be further on: nobody waits for who has left. */
static int is_broken_off(Program *program) {
  return program->cancel && __atomic_load_n(program->cancel, __ATOMIC_RELAXED) != 0 && decide(program, BROKEN_OFF);
}

typedef struct {
  const int32_t *word;
  /* NULL while only the sizes in the words are of interest */
  const Program *program;
} Cursor;

static Index next(Cursor *c) { return *c->word++; }

static float next_float(Cursor *c) {
  float x;
  memcpy(&x, c->word++, sizeof x);
  return x;
}

/* Non-negative: a place in the arena in units of 64 bytes; negative: -1 - index of one of the caller's arrays. */
static void *next_tensor(Cursor *c) {
  const int32_t at = *c->word++;
  if (at == NOTHING || !c->program) return NULL;
  if (at >= 0) return c->program->arena + (size_t)at * UNIT;
  return c->program->given[-1 - at];
}

static Product read_product(Cursor *c, Index *batch, Index steps[3]) {
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

static Attention read_attention(Cursor *c) {
  Attention a = {0};
  a.batch = next(c), a.n = next(c), a.heads = next(c), a.width = next(c);
  a.qkv = next_tensor(c), a.out = next_tensor(c), a.log_sum = next_tensor(c);
  return a;
}

static AdamW read_weights(Cursor *c) {
  AdamW w = {0};
  w.parameter = next_tensor(c), w.gradient = next_tensor(c);
  w.m = next_tensor(c), w.v = next_tensor(c), w.ema = next_tensor(c);
  return w;
}

static void step(Program *program, Cursor *c, Lane *lane, Updating *updating) {
  const Kernels *kernels = program->kernels;
  float *own = program->own + (size_t)lane->thread * program->own_floats;
  switch (next(c)) {
    case OP_PRODUCT: {
      Index batch, steps[3];
      Product p = read_product(c, &batch, steps);
      for (Index i = 0; i < batch; i++) {
        kernels->product(lane, &p, program->shared, own);
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
      LayerNorm n = {0};
      n.rows = next(c), n.width = next(c);
      n.x = next_tensor(c), n.gain = next_tensor(c), n.bias = next_tensor(c);
      n.y = next_tensor(c), n.mean = next_tensor(c), n.inverse = next_tensor(c), n.epsilon = next_float(c);
      kernels->layer_norm(lane, &n);
      return;
    }
    case OP_LAYER_NORM_GRADIENT: {
      LayerNormGradient g = {0};
      g.rows = next(c), g.width = next(c);
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

typedef struct {
  size_t shared, own;
  Index phases;
} Needs;

static void need(size_t *floats, Index other) {
  if (other > 0 && (size_t)other > *floats) *floats = (size_t)other;
}

/* @returns 0 where the words are not a program, or one that would leave its memory */
static int survey(Program *program, Needs *needs) {
  for (size_t at = 0; at < program->count;) {
    const int32_t op = program->words[at];
    if (op < 0 || op >= OP_COUNT || (size_t)LENGTHS[op] > program->count - at - 1) return 0;
    const int32_t *words = program->words + at + 1;
    if (!check_instruction(&program->room, op, words)) return 0;
    Cursor c = {words, NULL};
    const Index rows = words[0], width = words[1];
    if (op == OP_PRODUCT) {
      Index batch, steps[3];
      const Product p = read_product(&c, &batch, steps);
      need(&needs->shared, program->kernels->product_shared(&p));
      need(&needs->own, program->kernels->product_own(&p));
      needs->phases += batch * program->kernels->product_phases(&p);
    } else if (op == OP_ATTENTION || op == OP_ATTENTION_GRADIENT) {
      const Attention a = read_attention(&c);
      need(&needs->own, program->kernels->attention_own(&a));
    } else if (op == OP_LAYER_NORM_GRADIENT) {
      need(&needs->shared, layer_norm_shared(rows, width));
    } else if (op == OP_SUM_ROWS) {
      need(&needs->shared, row_sums_shared(rows, width));
    } else if (op == OP_UPDATE) {
      if (program->updates.count == program->room.count) return 0;
      program->updated[program->updates.count] = c.word;
      read_weights(&c);
      updates_add(&program->updates, next(&c));
    }
    needs->phases += PHASES;
    at += 1 + (size_t)LENGTHS[op];
  }
  return 1;
}

Program *program_create(Team *team, const Kernels *kernels, const int32_t *words, size_t count, size_t arena_floats,
                        const double *lengths, int arrays, const int32_t *cancel, const char **problem) {
  *problem = "memory is lacking";
  Program *program = calloc(1, sizeof(Program));
  if (!program) return NULL;
  team_hold(team);
  *program = (Program){.team = team, .kernels = kernels, .count = count, .cancel = cancel};
  program->room = (Room){(double)arena_floats, calloc((size_t)arrays + 1, sizeof(Array)), arrays};
  program->words = malloc((count + 1) * sizeof(int32_t));
  program->given = calloc((size_t)arrays + 1, sizeof(void *));
  /* Each update has arrays of its own. */
  program->updates.kernels = kernels;
  program->updates.list = calloc((size_t)arrays + 1, sizeof(Update));
  program->updated = calloc((size_t)arrays + 1, sizeof(int32_t *));
  if (!program->room.arrays || !program->words || !program->given || !program->updates.list || !program->updated) {
    program_destroy(program);
    return NULL;
  }
  for (size_t i = 0; i < count; i++) program->words[i] = words[i];
  for (int i = 0; i < arrays; i++) program->room.arrays[i].length = lengths[i];
  Needs needs = {0};
  if (!survey(program, &needs)) {
    *problem = "not a program";
    program_destroy(program);
    return NULL;
  }
  /* Whole cache lines for each thread. */
  program->phases = needs.phases;
  program->own_floats = (needs.own + 2 * UNIT) / UNIT * UNIT;
  program->arena = allocate(arena_floats * sizeof(float));
  program->shared = allocate(needs.shared * sizeof(float));
  program->own = allocate(program->own_floats * (size_t)team_threads(team) * sizeof(float));
  if (program->arena && program->shared && program->own) return program;
  program_destroy(program);
  return NULL;
}

void program_destroy(Program *program) {
  if (!program) return;
  team_settle(program->team);
  release(program->arena);
  release(program->shared);
  release(program->own);
  free(program->room.arrays);
  free(program->words);
  free(program->given);
  free(program->updates.list);
  free(program->updated);
  team_release(program->team);
  free(program);
}

int program_arrays(const Program *program) { return program->room.count; }

int program_takes(const Program *program, int array, Elements elements, double length) {
  const Array *wanted = &program->room.arrays[array];
  return wanted->length == length && (wanted->elements == ANYTHING || wanted->elements == elements);
}

/* Whether rows that are looked up in tables are there. */
static int finds_its_rows(const Program *program) {
  for (const int32_t *words = program->words; words < program->words + program->count; words += 1 + LENGTHS[*words]) {
    if (*words != OP_GATHER_ROWS && *words != OP_SCATTER_ADD_ROWS) continue;
    Cursor c = {words + 1, program};
    const Index count = next(&c);
    next(&c);
    const Index rows = next(&c);
    next_tensor(&c);
    const int32_t *index = next_tensor(&c);
    for (Index i = 0; i < count; i++)
      if (index[i] < 0 || index[i] >= rows) return 0;
  }
  return 1;
}

static void execute(void *argument, Lane *lane) {
  Program *program = argument;
  Cursor c = {program->words, program};
  Updating updating;
  updating_begin(&updating, &program->updates, lane);
  while (c.word < program->words + program->count && !is_broken_off(program)) step(program, &c, lane, &updating);
  updating_end(&updating);
}

Ending program_run(Program *program, void *const *arrays, int accumulate, const AdamWFactors *factors) {
  team_settle(program->team);
  for (int i = 0; i < program->room.count; i++) program->given[i] = arrays[i];
  if (!finds_its_rows(program)) return NO_SUCH_ROW;
  program->accumulate = accumulate;
  program->wants_update = factors != NULL;
  program->updates_weights = 0;
  atomic_store(&program->fate, UNDECIDED);
  if (factors) {
    updates_reset(&program->updates, factors);
    for (int i = 0; i < program->updates.count; i++) {
      Cursor c = {program->updated[i], program};
      program->updates.list[i].weights = read_weights(&c);
    }
  }
  if (!team_run(program->team, execute, program, program->phases)) return MEMORY_LACKING;
  if (atomic_load(&program->fate) != BROKEN_OFF) return DONE;
  /* Those who have not left yet still have the caller's arrays in their hands. */
  team_settle(program->team);
  return CANCELLED;
}

double program_update_seconds(const Program *program) {
  if (!program->updates_weights) return -1;
  return updates_seconds(&program->updates) / team_threads(program->team);
}
