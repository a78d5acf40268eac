/* Whether an instruction stays inside the memory that its program was given. */
#ifndef MASKDM_CHECK_H
#define MASKDM_CHECK_H

#include <stdint.h>

typedef enum { ANYTHING, FLOATS, INTEGERS } Elements;

/* One of the caller's arrays: how many elements it has, and of what kind the instructions take it to be. */
typedef struct {
  double length;
  Elements elements;
} Array;

/* What a program may touch. */
typedef struct {
  double arena_floats;
  Array *arrays;
  int count;
} Room;

/*
 * words: those after the code. Notes in the room what the arrays hold that the instruction refers to.
 * @returns 0 where a count, a stride or a place is one that no program has
 */
int check_instruction(Room *room, int code, const int32_t *words);

#endif
