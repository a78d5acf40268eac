/**
 * Order of two texts by their UTF-8 bytes, the order that every language and system agrees on. It is that of the code points,
 * which differs from JavaScript's own order only for characters beyond the basic plane.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // The code units differ for the first time here, perhaps in the second half of a pair: then the first halves are equal.
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Halves of pairs stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
