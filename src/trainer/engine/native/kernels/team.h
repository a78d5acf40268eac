/*
 * Threads that execute one program together. A program is a row of phases, each of them tasks that may be done in any order by
 * anyone; a phase begins when all tasks of the one before are done. Nobody waits for a thread that has no task in hand, so one
 * that the system lets sleep holds up nothing.
 */
#ifndef MASKDM_TEAM_H
#define MASKDM_TEAM_H

#include <stddef.h>

/* Counts and distances of elements; a long has 32 bits on Windows. */
typedef ptrdiff_t Index;

typedef struct Team Team;

/* Pieces of memory that a thread fetches ahead of their use. */
#define STREAMS 5

/* One thread's way through the phases. */
typedef struct {
  Team *team;
  int thread;
  int threads;
  Index phase;
  /* tasks of this phase, and whether one of them is in hand */
  Index total;
  int busy;
  /* NULL, or what to do a little of while others finish a phase; 0 when there is nothing to do */
  int (*meanwhile)(void *argument);
  /* NULL, or what may be done between two stretches of a task */
  void (*aside)(void *argument);
  void *argument;
  /* memory that aside will work on, which is fetched bit by bit in between: `fetched` of `to_fetch` floats of each stream */
  const float *streams[STREAMS];
  Index fetched, to_fetch;
} Lane;

/* A little of what aside will need, two cache lines of each stream. */
static inline __attribute__((always_inline)) void fetch_aside(Lane *lane) {
  if (lane->fetched >= lane->to_fetch) return;
  for (int i = 0; i < STREAMS; i++) {
    __builtin_prefetch(lane->streams[i] + lane->fetched, 0, 2);
    __builtin_prefetch(lane->streams[i] + lane->fetched + 16, 0, 2);
  }
  lane->fetched += 32;
}

/* The caller is thread 0; the others are started here. Held once; NULL where that fails. */
Team *team_create(int threads);
/* Everyone who uses a team holds it; its threads end with the last who lets go of it. */
void team_hold(Team *team);
void team_release(Team *team);
int team_threads(const Team *team);

/*
 * Runs work(argument, lane) on the threads that are there and returns when all is done.
 * A thread that comes late still reads the argument, on its way through phases that are done: it has to stay as it is until
 * team_settle. phases: at least as many as work goes through. @returns 0 where memory is lacking
 */
int team_run(Team *team, void (*work)(void *argument, Lane *lane), void *argument, Index phases);

/* One turn of waiting for others: busy at first, then letting other threads run. spin: turns before this one. */
void team_wait(unsigned spin);

/* Waits until no thread is inside the run before. */
void team_settle(Team *team);

/* The next of this phase's tasks, 0 to total - 1, or -1 when none is left; taking one means that the last one is done. */
Index team_take(Lane *lane, Index total);

/* Ends a phase: waits until all its tasks are done. What was written in it is seen by all after. */
void team_barrier(Lane *lane);

#endif
