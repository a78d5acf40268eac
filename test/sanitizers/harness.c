/*
 * Executes a program of the kernels without Node.js, so that it can be compiled with sanitizers:
 *   harness CASE SET THREADS RESULT
 * CASE: a file as kernelCase.ts writes it; SET: an instruction set; RESULT: receives all arrays as they are after the last run, one
 * after the other. Each run is broken off several times before it is let through.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static void fail(const char *what) {
  fprintf(stderr, "harness: %s\n", what);
  exit(2);
}

static void read_fully(FILE *file, void *into, size_t bytes) {
  if (fread(into, 1, bytes, file) != bytes) fail("the case ends too early");
}

/* Of exactly the size, so that what lies beside it is nobody's. */
static void *room_for(size_t bytes) {
  void *memory = malloc(bytes);
  if (!memory) fail("memory is lacking");
  return memory;
}

/* In the order of the file: this, the arena's floats, the factors, the lengths; the words; each array's kind and its elements. */
typedef struct {
  int32_t words, arrays, runs, updates;
} Header;

typedef struct {
  int32_t flag;
  int spins;
} Breaking;

/* Threads that come late to a run still look at it afterwards. */
static void set(Breaking *breaking, int32_t flag) { __atomic_store_n(&breaking->flag, flag, __ATOMIC_RELAXED); }

static void *break_off(void *argument) {
  Breaking *breaking = argument;
  for (int i = 0; i < breaking->spins; i++) sched_yield();
  set(breaking, 1);
  return NULL;
}

/* Other results than the weights' are worth nothing after a run that was broken off, so each try begins with the same arrays. */
static Ending run(Program *program, void *const *arrays, void *const *before, const size_t *bytes, int accumulate,
                  const AdamWFactors *factors, Breaking *breaking) {
  for (int i = 0; i < program_arrays(program); i++) memcpy(before[i], arrays[i], bytes[i]);
  for (int spins = 0; spins < 40; spins += 13) {
    pthread_t other;
    set(breaking, 0);
    breaking->spins = spins;
    if (pthread_create(&other, NULL, break_off, breaking) != 0) fail("no thread");
    const Ending ending = program_run(program, arrays, accumulate, factors);
    pthread_join(other, NULL);
    if (ending != DONE && ending != CANCELLED) return ending;
    for (int i = 0; i < program_arrays(program); i++) memcpy(arrays[i], before[i], bytes[i]);
  }
  set(breaking, 0);
  return program_run(program, arrays, accumulate, factors);
}

typedef struct {
  const Kernels *kernels;
  const float *x;
  Index count;
  double *partial;
} Squares;

static void square(void *argument, Lane *lane) {
  const Squares *s = argument;
  s->kernels->sum_of_squares(lane, s->count, s->x, s->partial);
}

int main(int count, char **given) {
  if (count != 5) fail("CASE SET THREADS RESULT");
  FILE *file = fopen(given[1], "rb");
  if (!file) fail("there is no such case");
  const Kernels *kernels = kernels_named(given[2]);
  if (!kernels) fail("this processor does not have these instructions");
  Team *team = team_create(atoi(given[3]));
  if (!team) fail("its threads cannot be started");

  Header header;
  double arena_floats, s[ADAMW_FACTORS];
  read_fully(file, &header, sizeof header);
  read_fully(file, &arena_floats, sizeof arena_floats);
  read_fully(file, s, sizeof s);
  const size_t arrays = (size_t)header.arrays;
  double *lengths = room_for(arrays * sizeof(double));
  int32_t *words = room_for((size_t)header.words * sizeof(int32_t));
  void **data = room_for(arrays * sizeof(void *)), **before = room_for(arrays * sizeof(void *));
  size_t *bytes = room_for(arrays * sizeof(size_t));
  read_fully(file, lengths, arrays * sizeof(double));
  read_fully(file, words, (size_t)header.words * sizeof(int32_t));
  Breaking breaking = {0, 0};
  const char *problem = NULL;
  Program *program = program_create(team, kernels, words, (size_t)header.words, (size_t)arena_floats, lengths, header.arrays,
                                    &breaking.flag, &problem);
  if (!program) fail(problem);
  for (int i = 0; i < header.arrays; i++) {
    int32_t is_integer;
    read_fully(file, &is_integer, sizeof is_integer);
    bytes[i] = (size_t)lengths[i] * sizeof(float);
    data[i] = room_for(bytes[i]), before[i] = room_for(bytes[i]);
    read_fully(file, data[i], bytes[i]);
    if (!program_takes(program, i, is_integer ? INTEGERS : FLOATS, lengths[i])) fail("an array of another type");
  }
  fclose(file);

  const AdamWFactors factors = {(float)s[0], (float)s[1], (float)s[2], (float)s[3], (float)s[4],
                                (float)s[5], (float)s[6], (float)s[7], (float)s[8], (float)s[9]};
  for (int i = 0; i < header.runs; i++) {
    const int updates = header.updates && i == header.runs - 1;
    if (run(program, data, before, bytes, i > 0, updates ? &factors : NULL, &breaking) != DONE) fail("a run did not end well");
  }

  /* What the module does without a program. */
  const Index floats = (Index)lengths[0];
  double *partial = room_for((size_t)parts_of(floats, SQUARES_A_PART) * sizeof(double));
  Squares squares = {kernels, data[0], floats, partial};
  if (!team_run(team, square, &squares, PHASES)) fail("memory is lacking");
  team_settle(team);

  FILE *result = fopen(given[4], "wb");
  if (!result) fail("the result cannot be written");
  for (int i = 0; i < header.arrays; i++)
    if (fwrite(data[i], 1, bytes[i], result) != bytes[i]) fail("the result cannot be written");
  fclose(result);
  program_destroy(program);
  team_release(team);
  for (int i = 0; i < header.arrays; i++) free(data[i]), free(before[i]);
  free(data), free(before), free(bytes), free(lengths), free(words), free(partial);
  return 0;
}
