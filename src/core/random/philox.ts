/**
 * Philox 4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * Checked in the tests against the known-answer vectors published with Random123.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

const M0_LOW = M0 & 0xffff;
const M0_HIGH = M0 >>> 16;
const M1_LOW = M1 & 0xffff;
const M1_HIGH = M1 >>> 16;

/**
 * One block: four 32-bit words for a 128-bit counter (c0 lowest) and a 64-bit key (k0 lowest).
 * @param out receives four unsigned words from `offset` on
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
  offset = 0,
): void {
  for (let round = 0; round < 10; round++) {
    // High words of the 32x32 bit products from 16-bit halves; every partial sum stays below 2^32.
    const a = c0 & 0xffff;
    const b = c0 >>> 16;
    const cross0 = (M0_HIGH * a + ((M0_LOW * a) >>> 16)) >>> 0;
    const high0 = (M0_HIGH * b + (cross0 >>> 16) + ((M0_LOW * b + (cross0 & 0xffff)) >>> 16)) | 0;
    const low0 = Math.imul(M0, c0);
    const d = c2 & 0xffff;
    const e = c2 >>> 16;
    const cross1 = (M1_HIGH * d + ((M1_LOW * d) >>> 16)) >>> 0;
    const high1 = (M1_HIGH * e + (cross1 >>> 16) + ((M1_LOW * e + (cross1 & 0xffff)) >>> 16)) | 0;
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[offset] = c0;
  out[offset + 1] = c1;
  out[offset + 2] = c2;
  out[offset + 3] = c3;
}
