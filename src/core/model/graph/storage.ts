/** Plans where the tensors of a graph lie in one block of memory: two share a place when they are never needed at the same time. */

/** A stretch of memory that is needed from one node of a graph to another, both included. */
export interface Lifetime {
  /** floats */
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

export interface StoragePlan {
  /** of each lifetime, in floats, multiples of UNIT */
  readonly offsets: readonly number[];
  readonly floats: number;
}

/** Places are whole cache lines. */
export const UNIT = 16;

/**
 * The largest first, each at the lowest place that is free all its life: within a few percent of the least possible
 * ("greedy by size", Pisarchyk & Lee 2020).
 */
export function planStorage(lifetimes: readonly Lifetime[]): StoragePlan {
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.size - lifetimes[a]!.size || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  /** placed so far, by offset */
  const placed: number[] = [];
  let floats = 0;
  for (const i of order) {
    const { from, to } = lifetimes[i]!;
    const size = padded(lifetimes[i]!.size);
    let offset = 0;
    for (const other of placed) {
      if (lifetimes[other]!.from > to || lifetimes[other]!.to < from) continue;
      if (offset + size <= offsets[other]!) break;
      offset = Math.max(offset, offsets[other]! + padded(lifetimes[other]!.size));
    }
    offsets[i] = offset;
    floats = Math.max(floats, offset + size);
    const place = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(place < 0 ? placed.length : place, 0, i);
  }
  return { offsets, floats };
}

const padded = (size: number): number => Math.ceil(size / UNIT) * UNIT;
