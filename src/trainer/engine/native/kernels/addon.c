/* The kernels as a Node.js module (Node-API, so that one build serves every version of Node.js and VS Code). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "node_functions.h"
#include "program.h"

#define MAX_ARGUMENTS 5
#define MAX_THREADS 1024
/* Beyond any machine's memory, and exact as a number of JavaScript. */
#define MAX_FLOATS ((double)((uint64_t)1 << 50))

static const char LACKING[] = "memory is lacking";

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* @returns whether all of the wanted arguments were given */
static int arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values) {
  size_t count = MAX_ARGUMENTS;
  return napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok && count >= wanted;
}

/* What an external is, so that none is taken for another, or for another module's. */
static const napi_type_tag TEAM = {0x5b0c8f1ed2a94c37, 0x9d1f60b7e48a2c15}, PROGRAM = {0xc47a21d95e6b4f08, 0xb3f80e9216d75a4c};

/* NULL for anything but an external of that tag */
static void *external(napi_env env, napi_value value, const napi_type_tag *tag) {
  napi_valuetype type;
  bool is_ours = false;
  void *pointer = NULL;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return NULL;
  if (napi_check_object_type_tag(env, value, tag, &is_ours) != napi_ok || !is_ours) return NULL;
  return napi_get_value_external(env, value, &pointer) == napi_ok ? pointer : NULL;
}

/* @returns NULL where that fails; the data are ended then, too */
static napi_value new_external(napi_env env, void *data, napi_finalize end, const napi_type_tag *tag) {
  napi_value result;
  if (napi_create_external(env, data, end, NULL, &result) != napi_ok) {
    end(env, data, NULL);
    return fail(env, LACKING);
  }
  /* From here on the garbage collector ends them. */
  return napi_type_tag_object(env, result, tag) == napi_ok ? result : fail(env, LACKING);
}

/* A whole number from `least` to `most`. @returns 0 where it is anything else */
static int whole_number(napi_env env, napi_value value, double least, double most, double *number) {
  return napi_get_value_double(env, value, number) == napi_ok && *number >= least && *number <= most && floor(*number) == *number;
}

static int is_null(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_null;
}

/* Data of a typed array; NULL where it is none, one of other elements, or has none. */
static void *array(napi_env env, napi_value value, napi_typedarray_type wanted, size_t *length) {
  bool is_array = false;
  void *data = NULL;
  napi_typedarray_type type;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return NULL;
  if (napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) != napi_ok || type != wanted) return NULL;
  return *length > 0 ? data : NULL;
}

/* The same of an element of a JavaScript array. */
static void *array_at(napi_env env, napi_value list, uint32_t i, napi_typedarray_type wanted, size_t *length) {
  napi_value element;
  return napi_get_element(env, list, i, &element) == napi_ok ? array(env, element, wanted, length) : NULL;
}

static napi_value text(napi_env env, const char *characters) {
  napi_value result;
  return napi_create_string_utf8(env, characters, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : fail(env, LACKING);
}

static napi_value float64(napi_env env, double number) {
  napi_value result;
  return napi_create_double(env, number, &result) == napi_ok ? result : fail(env, LACKING);
}

/* Threads, and the kernels that they execute. */
typedef struct {
  Team *team;
  const Kernels *kernels;
} Crew;

static void end_crew(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  Crew *crew = data;
  team_release(crew->team);
  free(crew);
}

/* createTeam(threads, name of the instruction set) */
static napi_value create_team(napi_env env, napi_callback_info info) {
  static const char usage[] = "createTeam(threads, instructionSet)";
  napi_value given[MAX_ARGUMENTS];
  double threads;
  char name[16];
  size_t length;
  if (!arguments(env, info, 2, given) || !whole_number(env, given[0], 1, MAX_THREADS, &threads)) return fail(env, usage);
  if (napi_get_value_string_utf8(env, given[1], name, sizeof name, &length) != napi_ok) return fail(env, usage);
  const Kernels *kernels = kernels_named(name);
  if (!kernels) return fail(env, "this processor does not have these instructions");
  Crew *crew = calloc(1, sizeof(Crew));
  if (!crew) return fail(env, LACKING);
  *crew = (Crew){team_create((int)threads), kernels};
  if (crew->team) return new_external(env, crew, end_crew, &TEAM);
  free(crew);
  return fail(env, "its threads cannot be started");
}

/* instructionSets(): names, the best first, with spaces between them */
static napi_value instruction_sets(napi_env env, napi_callback_info info) {
  (void)info;
  char names[64] = "";
  for (int i = 0; kernels_at(i); i++) {
    if (i > 0) strcat(names, " ");
    strcat(names, kernels_at(i)->name);
  }
  return text(env, names);
}

/* instructions() */
static napi_value instructions(napi_env env, napi_callback_info info) {
  (void)info;
  return text(env, program_instructions());
}

/* A program that may be destroyed before it is collected. */
typedef struct {
  Program *program;
  /* to the array by which runs are broken off, which has to stay as long as the program; NULL for none */
  napi_ref cancel;
} Holder;

static void empty(napi_env env, Holder *holder) {
  program_destroy(holder->program);
  if (holder->cancel) napi_delete_reference(env, holder->cancel);
  *holder = (Holder){0};
}

static void end_holder(napi_env env, void *data, void *hint) {
  (void)hint;
  empty(env, data);
  free(data);
}

/* createProgram(team, words, arenaFloats, lengths of the arrays, array to break off runs or null) */
static napi_value create_program(napi_env env, napi_callback_info info) {
  static const char usage[] = "createProgram(team, words, arenaFloats, lengths, cancel)";
  napi_value given[MAX_ARGUMENTS];
  size_t count = 0, arrays = 0, cancel_length = 0;
  double arena_floats;
  if (!arguments(env, info, 5, given)) return fail(env, usage);
  const Crew *crew = external(env, given[0], &TEAM);
  const int32_t *words = array(env, given[1], napi_int32_array, &count);
  const double *lengths = array(env, given[3], napi_float64_array, &arrays);
  const int is_cancellable = !is_null(env, given[4]);
  const int32_t *cancel = is_cancellable ? array(env, given[4], napi_int32_array, &cancel_length) : NULL;
  if (!crew || !words || !whole_number(env, given[2], 0, MAX_FLOATS, &arena_floats)) return fail(env, usage);
  if (!lengths || arrays > INT32_MAX || (is_cancellable && !cancel)) return fail(env, usage);
  Holder *holder = calloc(1, sizeof(Holder));
  if (!holder) return fail(env, LACKING);
  const char *problem = LACKING;
  if (!cancel || napi_create_reference(env, given[4], 1, &holder->cancel) == napi_ok)
    holder->program = program_create(crew->team, crew->kernels, words, count, (size_t)arena_floats, lengths, (int)arrays, cancel,
                                     &problem);
  if (holder->program) return new_external(env, holder, end_holder, &PROGRAM);
  end_holder(env, holder, NULL);
  return fail(env, problem);
}

/* Factors in the order of the struct. @returns 0 where these are others */
static int read_factors(napi_env env, napi_value value, AdamWFactors *factors) {
  size_t length = 0;
  const double *s = array(env, value, napi_float64_array, &length);
  if (!s || length != ADAMW_FACTORS) return 0;
  *factors = (AdamWFactors){(float)s[0], (float)s[1], (float)s[2], (float)s[3], (float)s[4],
                            (float)s[5], (float)s[6], (float)s[7], (float)s[8], (float)s[9]};
  return 1;
}

/* The data of a program's arrays. @returns 0 where one of them is not what the program takes */
static int read_arrays(napi_env env, napi_value list, const Program *program, void **data) {
  for (int i = 0; i < program_arrays(program); i++) {
    size_t length = 0;
    data[i] = array_at(env, list, (uint32_t)i, napi_float32_array, &length);
    Elements elements = FLOATS;
    if (!data[i]) {
      data[i] = array_at(env, list, (uint32_t)i, napi_int32_array, &length);
      elements = INTEGERS;
    }
    if (!data[i] || !program_takes(program, i, elements, (double)length)) return 0;
  }
  return 1;
}

/* run(program, arrays, accumulate, factors of an update or null): program_update_seconds; NaN where it was broken off */
static napi_value run(napi_env env, napi_callback_info info) {
  static const char usage[] = "run(program, arrays, accumulate, factors)";
  napi_value given[MAX_ARGUMENTS];
  bool accumulate = false;
  AdamWFactors factors;
  if (!arguments(env, info, 4, given)) return fail(env, usage);
  const Holder *holder = external(env, given[0], &PROGRAM);
  const int updates = !is_null(env, given[3]);
  if (!holder || !holder->program || napi_get_value_bool(env, given[2], &accumulate) != napi_ok) return fail(env, usage);
  if (updates && !read_factors(env, given[3], &factors)) return fail(env, usage);
  void **data = calloc((size_t)program_arrays(holder->program) + 1, sizeof(void *));
  if (!data) return fail(env, LACKING);
  if (!read_arrays(env, given[1], holder->program, data)) {
    free(data);
    return fail(env, "an array is missing, or has another type or length than the program takes");
  }
  const Ending ending = program_run(holder->program, data, accumulate, updates ? &factors : NULL);
  free(data);
  switch (ending) {
    case DONE: return float64(env, program_update_seconds(holder->program));
    case CANCELLED: return float64(env, (double)NAN);
    case NO_SUCH_ROW: return fail(env, "an index is outside of its table");
    default: return fail(env, LACKING);
  }
}

/* destroyProgram(program) */
static napi_value destroy_program(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  Holder *holder = arguments(env, info, 1, given) ? external(env, given[0], &PROGRAM) : NULL;
  if (!holder) return fail(env, "destroyProgram(program)");
  empty(env, holder);
  return NULL;
}

typedef struct {
  const Kernels *kernels;
  AdamW weights;
  AdamWFactors factors;
  Index count;
} WholeUpdate;

static void update(void *argument, Lane *lane) {
  const WholeUpdate *u = argument;
  for (Index part; (part = team_take(lane, parts_of(u->count, WEIGHTS_A_PART))) >= 0;) {
    const Index from = part * WEIGHTS_A_PART, to = from + WEIGHTS_A_PART;
    u->kernels->adamw(&u->weights, &u->factors, from, to < u->count ? to : u->count);
  }
  team_barrier(lane);
}

/* adamW(team, [parameter, gradient, m, v, ema], factors) */
static napi_value adam_w(napi_env env, napi_callback_info info) {
  static const char usage[] = "adamW(team, arrays, factors)";
  napi_value given[MAX_ARGUMENTS];
  float *arrays[5];
  size_t length = 0;
  WholeUpdate step;
  if (!arguments(env, info, 3, given)) return fail(env, usage);
  const Crew *crew = external(env, given[0], &TEAM);
  for (uint32_t i = 0; i < 5; i++) {
    size_t this_length = 0;
    arrays[i] = array_at(env, given[1], i, napi_float32_array, &this_length);
    if (!arrays[i] || (i > 0 && this_length != length)) return fail(env, "adamW takes five arrays of floats of one length");
    length = this_length;
  }
  if (!crew || !read_factors(env, given[2], &step.factors)) return fail(env, usage);
  step.kernels = crew->kernels;
  step.weights = (AdamW){arrays[0], arrays[2], arrays[3], arrays[4], arrays[1]};
  step.count = (Index)length;
  const int done = team_run(crew->team, update, &step, PHASES);
  team_settle(crew->team);
  return done ? NULL : fail(env, LACKING);
}

typedef struct {
  const Kernels *kernels;
  Index count;
  const float *x;
  double *partial;
} Squares;

static void square(void *argument, Lane *lane) {
  const Squares *s = argument;
  s->kernels->sum_of_squares(lane, s->count, s->x, s->partial);
}

/* sumOfSquares(team, array) */
static napi_value sum_of_squares(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  size_t length = 0;
  const int all = arguments(env, info, 2, given);
  const Crew *crew = all ? external(env, given[0], &TEAM) : NULL;
  const float *x = all ? array(env, given[1], napi_float32_array, &length) : NULL;
  if (!crew || !x) return fail(env, "sumOfSquares(team, array)");
  const Index parts = parts_of((Index)length, SQUARES_A_PART);
  double *partial = calloc((size_t)parts, sizeof(double));
  if (!partial) return fail(env, LACKING);
  Squares squares = {crew->kernels, (Index)length, x, partial};
  const int done = team_run(crew->team, square, &squares, PHASES);
  team_settle(crew->team);
  double total = 0;
  for (Index i = 0; i < parts; i++) total += partial[i];
  free(partial);
  return done ? float64(env, total) : fail(env, LACKING);
}

NAPI_MODULE_INIT() {
  if (!find_node_functions()) return NULL;
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"createTeam", create_team},       {"instructionSets", instruction_sets},
      {"instructions", instructions},    {"createProgram", create_program},
      {"run", run},                      {"destroyProgram", destroy_program},
      {"adamW", adam_w},                 {"sumOfSquares", sum_of_squares},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    const char *name = functions[i].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok)
      return fail(env, LACKING);
  }
  return exports;
}
