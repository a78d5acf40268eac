/* Blocks of memory that begin on a cache line. */
#ifndef MASKDM_MEMORY_H
#define MASKDM_MEMORY_H

#include <stddef.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#elif defined(__linux__)
#include <sys/mman.h>
#endif

#define ALIGNMENT 64
/* Tensors begin on a cache line; floats of one. */
#define UNIT (ALIGNMENT / sizeof(float))
#define HUGE_PAGE ((size_t)2 << 20)

/* NULL where memory is lacking. */
static inline void *allocate(size_t bytes) {
  if (bytes == 0) bytes = ALIGNMENT;
#if defined(_WIN32)
  return _aligned_malloc(bytes, ALIGNMENT);
#else
  void *memory = NULL;
  if (posix_memalign(&memory, bytes < HUGE_PAGE ? ALIGNMENT : HUGE_PAGE, bytes) != 0) return NULL;
#if defined(__linux__)
  /* Fewer, larger pages: products walk through all of it. Where that is not to be had, nothing is lost. */
  if (bytes >= HUGE_PAGE) madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
  return memory;
#endif
}

static inline void release(void *memory) {
#if defined(_WIN32)
  _aligned_free(memory);
#else
  free(memory);
#endif
}

#endif
