/* A graph as a list of instructions on one block of memory and the caller's arrays. */
#ifndef MASKDM_PROGRAM_H
#define MASKDM_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

typedef struct Program Program;

/*
 * words: instructions as program.ts writes them; arrays: how many of the caller's they refer to.
 * NULL where memory is lacking ("memory is lacking" in `problem`) or an instruction is unknown.
 */
Program *program_create(Team *team, const Kernels *kernels, const int32_t *words, size_t count, size_t arena_floats, int arrays,
                        const char **problem);
void program_destroy(Program *program);

/* Name and words of every instruction, in the order of their codes. */
const char *program_instructions(void);

int program_arrays(const Program *program);

/*
 * arrays: the caller's, in the order of the program; accumulate: results marked so are added to their arrays; factors: of the
 * update of the weights, NULL for none. @returns 0 where memory is lacking
 */
int program_run(Program *program, void *const *arrays, int accumulate, const AdamWFactors *factors);

/*
 * Seconds that each thread was kept by the update of the last run, on average; what was done while waiting for others does not
 * count. Negative where the weights were not updated.
 */
double program_update_seconds(const Program *program);

#endif
