/* Weights that change while a program still runs: AdamW in parts, which threads do between tiles of products or while they wait. */
#ifndef UPDATES_H
#define UPDATES_H

#include <stdatomic.h>

#include "kernels.h"

/* One weight, and how many parts all before it have. */
typedef struct {
  AdamW weights;
  Index count, before;
} Update;

typedef struct {
  const Kernels *kernels;
  Update *list;
  int count;
  AdamWFactors factors;
  /* parts of all that somebody has begun, and ended */
  atomic_ptrdiff_t begun, ended;
  atomic_llong nanoseconds;
} Updates;

/* A thread's view: it may begin those parts whose weights and gradients nothing that it has not passed touches. */
typedef struct {
  Updates *updates;
  Lane *lane;
  Index ready;
  /* a part that is this thread's to do, or -1 */
  Index claimed;
} Updating;

/* One more, of so many weights; the list has room for it. */
void updates_add(Updates *updates, Index count);
/* Before threads begin. */
void updates_reset(Updates *updates, const AdamWFactors *factors);
/* What threads spent on parts, those done while waiting for others left out, all threads together. */
double updates_seconds(const Updates *updates);

/* Until updating_end the thread does parts on its way through the phases. */
void updating_begin(Updating *updating, Updates *updates, Lane *lane);
/* The next of the list may be changed. */
void updating_next(Updating *updating, Index count);
/* Does all that is left; thread 0 returns when everyone has. */
void updating_end(Updating *updating);

#endif
