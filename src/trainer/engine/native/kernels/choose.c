#include <stdlib.h>
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

const Kernels *kernels_choose(void) {
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
  /* for tests: a lesser set than the best */
  const char *wanted = getenv("MASKDM_KERNELS");
  if (wanted && strcmp(wanted, "sse2") == 0) return &sse2;
  if (wanted && strcmp(wanted, "avx2") == 0 && has_avx2) return &avx2;
  return has_avx512 ? &avx512 : has_avx2 ? &avx2 : &sse2;
}
#else
extern const Kernels neon;

const Kernels *kernels_choose(void) { return &neon; }
#endif
