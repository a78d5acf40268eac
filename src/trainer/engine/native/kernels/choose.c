#include <string.h>

#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

extern const Kernels sse2, avx2, avx512;

/* Register states that the operating system saves: 2 and 4 vectors of 128 and 256 bits, 0xe0 those of 512. */
static unsigned saved_states(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

const Kernels *kernels_at(int place) {
  unsigned a, b, c, d;
  int has_avx2 = 0, has_avx512 = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && (c & bit_FMA)) {
    const unsigned states = saved_states();
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
      const unsigned all = bit_AVX512F | bit_AVX512VL | bit_AVX512BW | bit_AVX512DQ | bit_AVX512CD;
      has_avx2 = (states & 0x06) == 0x06 && (b & bit_AVX2);
      has_avx512 = has_avx2 && (states & 0xe0) == 0xe0 && (b & all) == all;
    }
  }
  const Kernels *there[3];
  int count = 0;
  if (has_avx512) there[count++] = &avx512;
  if (has_avx2) there[count++] = &avx2;
  there[count++] = &sse2;
  return place >= 0 && place < count ? there[place] : NULL;
}
#else
extern const Kernels neon;

const Kernels *kernels_at(int place) { return place == 0 ? &neon : NULL; }
#endif

const Kernels *kernels_named(const char *name) {
  for (int i = 0; kernels_at(i); i++)
    if (strcmp(kernels_at(i)->name, name) == 0) return kernels_at(i);
  return NULL;
}
