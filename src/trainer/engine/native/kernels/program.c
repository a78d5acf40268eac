#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "instructions.h"
#include "memory.h"
#include "state.h"

#define LENGTH(code, name, words) words,
static const int LENGTHS[OP_COUNT] = {INSTRUCTIONS(LENGTH)};
#undef LENGTH

#define NAME(code, name, words) ", " name " " #words
static const char NAMES[] = INSTRUCTIONS(NAME);
#undef NAME

const char *program_instructions(void) { return NAMES + 2; }

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

/* Whether a thread may leave the run between two instructions. Others may be further on: nobody waits for who has left. */
static int is_broken_off(Program *program) {
  return program->cancel && __atomic_load_n(program->cancel, __ATOMIC_RELAXED) != 0 && decide(program, BROKEN_OFF);
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
