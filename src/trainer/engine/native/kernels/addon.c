/* The kernels as a Node.js module (Node-API, so that one build serves every version of Node.js and VS Code). */
#include <stdlib.h>

#include "node_functions.h"
#include "program.h"

#define MAX_ARGUMENTS 8

/* the same for every thread of the process */
static const Kernels *kernels;

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

static size_t arguments(napi_env env, napi_callback_info info, napi_value *values) {
  size_t count = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
  return count;
}

static void *external(napi_env env, napi_value value) {
  void *pointer = NULL;
  napi_get_value_external(env, value, &pointer);
  return pointer;
}

static double number(napi_env env, napi_value value) {
  double x = 0;
  napi_get_value_double(env, value, &x);
  return x;
}

/* Data of a typed array, whose length goes to `length`. */
static void *array(napi_env env, napi_value value, size_t *length) {
  void *data = NULL;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) != napi_ok) return NULL;
  return data;
}

static void end_team(napi_env env, void *team, void *hint) {
  (void)env, (void)hint;
  team_release(team);
}

/* createTeam(threads) */
static napi_value create_team(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS], result;
  if (arguments(env, info, given) < 1) return fail(env, "createTeam(threads)");
  Team *team = team_create((int)number(env, given[0]));
  if (!team) return fail(env, "its threads cannot be started");
  napi_create_external(env, team, end_team, NULL, &result);
  return result;
}

/* instructionSet() */
static napi_value instruction_set(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &result);
  return result;
}

/* instructions() */
static napi_value instructions(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_string_utf8(env, program_instructions(), NAPI_AUTO_LENGTH, &result);
  return result;
}

/* A program that may be destroyed before it is collected. */
typedef struct {
  Program *program;
} Holder;

static void end_holder(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  Holder *holder = data;
  program_destroy(holder->program);
  free(holder);
}

/* createProgram(team, words, arenaFloats, arrays) */
static napi_value create_program(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS], result;
  size_t count = 0;
  if (arguments(env, info, given) < 4) return fail(env, "createProgram(team, words, arenaFloats, arrays)");
  const int32_t *words = array(env, given[1], &count);
  Team *team = external(env, given[0]);
  if (!team || !words) return fail(env, "createProgram(team, words, arenaFloats, arrays)");
  Holder *holder = calloc(1, sizeof(Holder));
  if (!holder) return fail(env, "memory is lacking");
  const char *problem = NULL;
  holder->program =
      program_create(team, kernels, words, count, (size_t)number(env, given[2]), (int)number(env, given[3]), &problem);
  if (!holder->program) {
    free(holder);
    return fail(env, problem);
  }
  napi_create_external(env, holder, end_holder, NULL, &result);
  return result;
}

/* Factors in the order of the struct. @returns 0 where these are others */
static int read_factors(napi_env env, napi_value value, AdamWFactors *factors) {
  size_t length = 0;
  const double *s = array(env, value, &length);
  if (!s || length != ADAMW_FACTORS) return 0;
  *factors = (AdamWFactors){(float)s[0], (float)s[1], (float)s[2], (float)s[3], (float)s[4],
                            (float)s[5], (float)s[6], (float)s[7], (float)s[8], (float)s[9]};
  return 1;
}

/* run(program, arrays, accumulate, factors of an update or null): program_update_seconds */
static napi_value run(napi_env env, napi_callback_info info) {
  static const char usage[] = "run(program, arrays, accumulate, factors)";
  napi_value given[MAX_ARGUMENTS], result;
  if (arguments(env, info, given) < 4) return fail(env, usage);
  const Holder *holder = external(env, given[0]);
  bool accumulate = false;
  uint32_t count = 0;
  napi_get_value_bool(env, given[2], &accumulate);
  napi_get_array_length(env, given[1], &count);
  napi_valuetype type = napi_undefined;
  AdamWFactors factors;
  napi_typeof(env, given[3], &type);
  const int updates = type != napi_null;
  if (!holder || !holder->program || (int)count != program_arrays(holder->program)) return fail(env, usage);
  if (updates && !read_factors(env, given[3], &factors)) return fail(env, usage);
  void **pointers = malloc((count + 1) * sizeof(void *));
  if (!pointers) return fail(env, "memory is lacking");
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    size_t length = 0;
    napi_get_element(env, given[1], i, &element);
    pointers[i] = array(env, element, &length);
    if (pointers[i]) continue;
    free(pointers);
    return fail(env, "run takes typed arrays");
  }
  const int done = program_run(holder->program, pointers, accumulate, updates ? &factors : NULL);
  free(pointers);
  if (!done) return fail(env, "memory is lacking");
  napi_create_double(env, program_update_seconds(holder->program), &result);
  return result;
}

/* destroyProgram(program) */
static napi_value destroy_program(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  if (arguments(env, info, given) < 1) return fail(env, "destroyProgram(program)");
  Holder *holder = external(env, given[0]);
  if (!holder) return fail(env, "destroyProgram(program)");
  program_destroy(holder->program);
  holder->program = NULL;
  return NULL;
}

typedef struct {
  AdamW weights;
  AdamWFactors factors;
  Index count;
} WholeUpdate;

static void update(void *argument, Lane *lane) {
  const WholeUpdate *u = argument;
  for (Index part; (part = team_take(lane, parts_of(u->count, WEIGHTS_A_PART))) >= 0;) {
    const Index from = part * WEIGHTS_A_PART, to = from + WEIGHTS_A_PART;
    kernels->adamw(&u->weights, &u->factors, from, to < u->count ? to : u->count);
  }
  team_barrier(lane);
}

/* adamW(team, [parameter, gradient, m, v, ema], factors) */
static napi_value adam_w(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  void *arrays[5];
  size_t length = 0;
  WholeUpdate step;
  if (arguments(env, info, given) < 3) return fail(env, "adamW(team, arrays, factors)");
  Team *team = external(env, given[0]);
  for (uint32_t i = 0; i < 5; i++) {
    napi_value element;
    size_t this_length = 0;
    if (napi_get_element(env, given[1], i, &element) != napi_ok) return fail(env, "adamW(team, arrays, factors)");
    arrays[i] = array(env, element, &this_length);
    if (!arrays[i] || (i > 0 && this_length != length)) return fail(env, "adamW takes five arrays of one length");
    length = this_length;
  }
  if (!team || !read_factors(env, given[2], &step.factors)) return fail(env, "adamW(team, arrays, factors)");
  step.weights = (AdamW){arrays[0], arrays[2], arrays[3], arrays[4], arrays[1]};
  step.count = (Index)length;
  const int done = team_run(team, update, &step, PHASES);
  team_settle(team);
  return done ? NULL : fail(env, "memory is lacking");
}

typedef struct {
  Index count;
  const float *x;
  double *partial;
} Squares;

static void square(void *argument, Lane *lane) {
  const Squares *s = argument;
  kernels->sum_of_squares(lane, s->count, s->x, s->partial);
}

/* sumOfSquares(team, array) */
static napi_value sum_of_squares(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS], result;
  size_t length = 0;
  if (arguments(env, info, given) < 2) return fail(env, "sumOfSquares(team, array)");
  Team *team = external(env, given[0]);
  const float *x = array(env, given[1], &length);
  const Index parts = parts_of((Index)length, SQUARES_A_PART);
  double *partial = malloc((size_t)(parts + 1) * sizeof(double));
  if (!team || !x || !partial) {
    free(partial);
    return fail(env, "sumOfSquares(team, array)");
  }
  Squares squares = {(Index)length, x, partial};
  const int done = team_run(team, square, &squares, PHASES);
  team_settle(team);
  double total = 0;
  for (Index i = 0; i < parts; i++) total += partial[i];
  free(partial);
  if (!done) return fail(env, "memory is lacking");
  napi_create_double(env, total, &result);
  return result;
}

NAPI_MODULE_INIT() {
  if (!find_node_functions()) return NULL;
  kernels = kernels_choose();
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"createTeam", create_team},       {"instructionSet", instruction_set},
      {"instructions", instructions},    {"createProgram", create_program},
      {"run", run},                      {"destroyProgram", destroy_program},
      {"adamW", adam_w},                 {"sumOfSquares", sum_of_squares},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
