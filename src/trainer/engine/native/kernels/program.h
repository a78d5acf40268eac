/* A graph as a list of instructions on one block of memory and the caller's arrays. */
#ifndef MASKDM_PROGRAM_H
#define MASKDM_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "kernels.h"

typedef struct Program Program;

/*
 * words: instructions as program.ts writes them; lengths: elements of each of the caller's arrays that they refer to; cancel: NULL,
 * or what any thread may set to anything but 0 while a run is under way to break it off between two instructions, there until
 * program_destroy.
 * NULL where memory is lacking ("memory is lacking" in `problem`), an instruction is unknown or would leave its memory.
 */
Program *program_create(Team *team, const Kernels *kernels, const int32_t *words, size_t count, size_t arena_floats,
                        const double *lengths, int arrays, const int32_t *cancel, const char **problem);
void program_destroy(Program *program);

/* Name and words of every instruction, in the order of their codes. */
const char *program_instructions(void);

int program_arrays(const Program *program);

/* Whether the caller's array of that place may be one of so many of these elements. */
int program_takes(const Program *program, int array, Elements elements, double length);

typedef enum { DONE, CANCELLED, MEMORY_LACKING, NO_SUCH_ROW } Ending;

/*
 * arrays: the caller's, in the order of the program, each as program_takes it; accumulate: results marked so are added to their
 * arrays; factors: of the update of the weights, NULL for none. A run that was broken off has changed no weight, but what it wrote
 * to other arrays is worth nothing; one that has begun to change weights is not broken off any more.
 */
Ending program_run(Program *program, void *const *arrays, int accumulate, const AdamWFactors *factors);

/*
 * Seconds that each thread was kept by the update of the last run, on average; what was done while waiting for others does not
 * count. Negative where the weights were not updated.
 */
double program_update_seconds(const Program *program);

#endif
