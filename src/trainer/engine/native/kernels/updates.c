#include "updates.h"

#include <time.h>

static Index parts_in(Index count) { return parts_of(count, WEIGHTS_A_PART); }

void updates_add(Updates *updates, Index count) {
  Update *update = &updates->list[updates->count];
  update->count = count;
  update->before = updates->count > 0 ? update[-1].before + parts_in(update[-1].count) : 0;
  updates->count++;
}

void updates_reset(Updates *updates, const AdamWFactors *factors) {
  updates->factors = *factors;
  atomic_store(&updates->begun, 0);
  atomic_store(&updates->ended, 0);
  atomic_store(&updates->nanoseconds, 0);
}

double updates_seconds(const Updates *updates) { return (double)atomic_load(&updates->nanoseconds) / 1e9; }

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Takes one of the parts that are ready. @returns -1 where there is none */
static Index claim(const Updating *updating) {
  Updates *updates = updating->updates;
  Index part = atomic_load_explicit(&updates->begun, memory_order_relaxed);
  do {
    if (part >= updating->ready) return -1;
  } while (!atomic_compare_exchange_weak_explicit(&updates->begun, &part, part + 1, memory_order_relaxed, memory_order_relaxed));
  return part;
}

typedef struct {
  const AdamW *weights;
  Index from, to;
} Part;

static Part part_at(const Updates *updates, Index number) {
  int low = 0, high = updates->count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (updates->list[middle].before <= number) low = middle;
    else high = middle - 1;
  }
  const Update *update = &updates->list[low];
  const Index from = (number - update->before) * WEIGHTS_A_PART, to = from + WEIGHTS_A_PART;
  return (Part){&update->weights, from, to < update->count ? to : update->count};
}

/* counts: what it takes is time lost */
static void update_part(Updates *updates, Index number, int counts) {
  const Part part = part_at(updates, number);
  const long long start = counts ? nanoseconds() : 0;
  updates->kernels->adamw(part.weights, &updates->factors, part.from, part.to);
  /* Before the part counts as ended: who sees that all have sees all of the time. */
  if (counts) atomic_fetch_add_explicit(&updates->nanoseconds, nanoseconds() - start, memory_order_relaxed);
  atomic_fetch_add_explicit(&updates->ended, 1, memory_order_release);
}

/* A part that was claimed before, or a new one. @returns 0 where there is none */
static int update_next(Updating *updating, int counts) {
  const Index part = updating->claimed >= 0 ? updating->claimed : claim(updating);
  if (part < 0) return 0;
  updating->claimed = -1;
  updating->lane->to_fetch = 0;
  update_part(updating->updates, part, counts);
  return 1;
}

static int update_meanwhile(void *updating) { return update_next(updating, 0); }

/* Between stretches of products: a part whose memory was fetched meanwhile, and another one to fetch. */
static void update_aside(void *argument) {
  Updating *updating = argument;
  Lane *lane = updating->lane;
  if (updating->claimed >= 0) {
    if (lane->fetched < lane->to_fetch) return;
    update_next(updating, 1);
  }
  updating->claimed = claim(updating);
  if (updating->claimed < 0) return;
  const Part part = part_at(updating->updates, updating->claimed);
  const AdamW *w = part.weights;
  const float *streams[STREAMS] = {w->parameter, w->gradient, w->m, w->v, w->ema};
  for (int i = 0; i < STREAMS; i++) lane->streams[i] = streams[i] + part.from;
  lane->fetched = 0, lane->to_fetch = part.to - part.from;
}

void updating_begin(Updating *updating, Updates *updates, Lane *lane) {
  *updating = (Updating){updates, lane, 0, -1};
  lane->meanwhile = update_meanwhile, lane->aside = update_aside, lane->argument = updating;
}

void updating_next(Updating *updating, Index count) { updating->ready += parts_in(count); }

void updating_end(Updating *updating) {
  while (update_next(updating, 1)) continue;
  if (updating->lane->thread > 0) return;
  for (unsigned spin = 0; atomic_load_explicit(&updating->updates->ended, memory_order_acquire) < updating->ready; spin++)
    team_wait(spin);
}
