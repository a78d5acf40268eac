#include "team.h"

#include "memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define relax() _mm_pause()
#elif defined(__aarch64__)
#define relax() __asm__ volatile("yield")
#else
#define relax() ((void)0)
#endif

/* A waiting thread spins so often before it lets others run: a few tens of microseconds. */
#define SPINS 2000

/* Products have a frame of up to 96 KiB, near what a thread's whole stack is on some systems where nobody says how much. */
#define HELPER_STACK ((size_t)2 << 20)

typedef struct {
  atomic_ptrdiff_t dealt;
  atomic_ptrdiff_t done;
} Phase;

struct Team {
  atomic_int holders;
  int threads;
  pthread_t *handles;
  Phase *phases;
  Index capacity;
  void (*work)(void *, Lane *);
  void *argument;
  /* on cache lines of their own, for they are what all threads read */
  _Alignas(64) atomic_uint run;
  _Alignas(64) atomic_int open;
  _Alignas(64) atomic_int inside;
  _Alignas(64) atomic_int ending;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
};

typedef struct {
  Team *team;
  int thread;
} Start;

static void *helper(void *argument) {
  const Start start = *(Start *)argument;
  free(argument);
  Team *team = start.team;
  unsigned seen = 0;
  for (;;) {
    for (int spin = 0; spin < SPINS && atomic_load(&team->run) == seen; spin++) relax();
    if (atomic_load(&team->run) == seen) {
      pthread_mutex_lock(&team->mutex);
      while (atomic_load(&team->run) == seen) pthread_cond_wait(&team->wake, &team->mutex);
      pthread_mutex_unlock(&team->mutex);
    }
    seen = atomic_load(&team->run);
    if (atomic_load(&team->ending)) return NULL;
    /* In before the look at the door: who closes it and then finds nobody inside may be sure that nobody comes. */
    atomic_fetch_add(&team->inside, 1);
    if (atomic_load(&team->open)) {
      Lane lane = {.team = team, .thread = start.thread, .threads = team->threads};
      team->work(team->argument, &lane);
    }
    atomic_fetch_sub(&team->inside, 1);
  }
}

static void announce(Team *team) {
  pthread_mutex_lock(&team->mutex);
  atomic_fetch_add(&team->run, 1);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);
}

Team *team_create(int threads) {
  Team *team = allocate(sizeof(Team));
  if (!team) return NULL;
  *team = (Team){.holders = 1, .threads = 1};
  pthread_mutex_init(&team->mutex, NULL);
  pthread_cond_init(&team->wake, NULL);
  team->handles = calloc((size_t)threads, sizeof(pthread_t));
  pthread_attr_t attributes;
  const int has_attributes = pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, HELPER_STACK) == 0;
  int started = 1;
  for (; has_attributes && team->handles && started < threads; started++) {
    Start *start = malloc(sizeof(Start));
    if (!start) break;
    *start = (Start){team, started};
    if (pthread_create(&team->handles[started], &attributes, helper, start) != 0) {
      free(start);
      break;
    }
  }
  if (has_attributes) pthread_attr_destroy(&attributes);
  team->threads = started;
  if (team->handles && started == threads) return team;
  team_release(team);
  return NULL;
}

void team_hold(Team *team) { atomic_fetch_add(&team->holders, 1); }

void team_release(Team *team) {
  if (atomic_fetch_sub(&team->holders, 1) > 1) return;
  atomic_store(&team->ending, 1);
  announce(team);
  for (int i = 1; i < team->threads; i++) pthread_join(team->handles[i], NULL);
  pthread_cond_destroy(&team->wake);
  pthread_mutex_destroy(&team->mutex);
  free(team->handles);
  free(team->phases);
  release(team);
}

int team_threads(const Team *team) { return team->threads; }

void team_wait(unsigned spin) {
  if (spin < SPINS) relax();
  else sched_yield();
}

void team_settle(Team *team) {
  for (unsigned spin = 0; atomic_load(&team->inside) != 0; spin++) team_wait(spin);
}

int team_run(Team *team, void (*work)(void *, Lane *), void *argument, Index phases) {
  team_settle(team);
  if (phases > team->capacity) {
    Phase *more = realloc(team->phases, (size_t)phases * sizeof(Phase));
    if (!more) return 0;
    team->phases = more;
    team->capacity = phases;
  }
  for (Index i = 0; i < phases; i++) {
    atomic_store_explicit(&team->phases[i].dealt, 0, memory_order_relaxed);
    atomic_store_explicit(&team->phases[i].done, 0, memory_order_relaxed);
  }
  team->work = work;
  team->argument = argument;
  atomic_store(&team->open, 1);
  if (team->threads > 1) announce(team);
  Lane lane = {.team = team, .threads = team->threads};
  work(argument, &lane);
  atomic_store(&team->open, 0);
  return 1;
}

static void put_down(Lane *lane) {
  if (!lane->busy) return;
  lane->busy = 0;
  atomic_fetch_add_explicit(&lane->team->phases[lane->phase].done, 1, memory_order_release);
}

Index team_take(Lane *lane, Index total) {
  put_down(lane);
  lane->total = total;
  Phase *phase = &lane->team->phases[lane->phase];
  if (atomic_load_explicit(&phase->dealt, memory_order_relaxed) >= total) return -1;
  const Index task = atomic_fetch_add_explicit(&phase->dealt, 1, memory_order_relaxed);
  if (task >= total) return -1;
  lane->busy = 1;
  return task;
}

void team_barrier(Lane *lane) {
  put_down(lane);
  const Phase *phase = &lane->team->phases[lane->phase];
  for (unsigned spin = 0; atomic_load_explicit(&phase->done, memory_order_acquire) < lane->total; spin++)
    if (!lane->meanwhile || !lane->meanwhile(lane->argument)) team_wait(spin);
  lane->phase++;
}
