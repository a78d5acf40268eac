/* What program.c and step.c know of a program, and how its words are read. */
#ifndef MASKDM_STATE_H
#define MASKDM_STATE_H

#include <stdatomic.h>

#include "program.h"
#include "updates.h"

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
int decide(Program *program, int wanted);

typedef struct {
  const int32_t *word;
  /* NULL while only the sizes in the words are of interest */
  const Program *program;
} Cursor;

Index next(Cursor *c);
void *next_tensor(Cursor *c);
Product read_product(Cursor *c, Index *batch, Index steps[3]);
Attention read_attention(Cursor *c);
AdamW read_weights(Cursor *c);

/* Executes the instruction at the cursor, which moves on to the next one. */
void step(Program *program, Cursor *c, Lane *lane, Updating *updating);

#endif
