/** Where the learned tensors live: weights, gradients, AdamW moments and averaged weights, in memory that the optimiser's loop shares. */

import { sizeOf } from "../../../core/model/graph/graph.ts";
import type { ParameterSpec } from "../../../core/model/parameterSpec.ts";
import type { NamedTensor } from "../../../core/model/tensor.ts";
import {
  ADAMW_ARRAYS,
  ADAMW_RESULTS,
  type AdamWScalars,
  adamWFactors,
  adamWGraph,
} from "../../../core/training/adamW.ts";
import { type ElementwiseLoop, elementwiseLoop, LANES } from "./elementwiseLoop.ts";
import { segmentsOf } from "./segmentsOf.ts";

/** The copies kept of every tensor. */
export type Slot = (typeof ADAMW_ARRAYS)[number];

/** A WebAssembly memory is addressed with 32 bits: so many floats of each slot share one. */
const SEGMENT_FLOATS = 2 ** 26;
const PAGE_BYTES = 65536;

interface Segment {
  readonly memory: WebAssembly.Memory;
  readonly adamW: ElementwiseLoop;
  /** floats of each slot, a multiple of LANES */
  readonly count: number;
}

export class ParameterStore {
  private readonly segments: Segment[] = [];
  private readonly views = new Map<Slot, Map<string, Float32Array>>();

  constructor(readonly specs: readonly ParameterSpec[]) {
    for (const slot of ADAMW_ARRAYS) this.views.set(slot, new Map());
    for (const group of segmentsOf(specs, SEGMENT_FLOATS, LANES)) this.addSegment(group);
  }

  /** The tensors of a slot by name, as views of the store. */
  slot(slot: Slot): ReadonlyMap<string, Float32Array> {
    return this.views.get(slot)!;
  }

  /** The tensors of a slot with their shapes, as views of the store. */
  tensors(slot: Slot, prefix = ""): NamedTensor[] {
    const views = this.slot(slot);
    return this.specs.map((spec) => ({ name: prefix + spec.name, shape: spec.shape, data: views.get(spec.name)! }));
  }

  /** A slot's memory, all tensors with the zeros between them, in as many pieces as it lies in. */
  wholes(slot: Slot): Float32Array[] {
    return this.segments.map(
      (segment) => new Float32Array(segment.memory.buffer, address(segment, slot), segment.count),
    );
  }

  /** One optimiser step and one update of the moving average. */
  update(scalars: AdamWScalars): void {
    const factors = adamWFactors(scalars);
    for (const segment of this.segments) {
      const pointers = [...ADAMW_ARRAYS, ...ADAMW_RESULTS].map((slot) => address(segment, slot));
      segment.adamW(pointers, segment.count, factors);
    }
  }

  /** Euclidean norm of a slot over all tensors, added up in float64; not finite when any element is not. */
  norm(slot: Slot): number {
    let even = 0;
    let odd = 0;
    for (const values of this.wholes(slot)) {
      // Two sums, since each addition waits for the one before it; LANES at a time, since the loop itself costs as much.
      for (let i = 0; i < values.length; i += LANES) {
        const a = values[i]!;
        const b = values[i + 1]!;
        const c = values[i + 2]!;
        const d = values[i + 3]!;
        even += a * a;
        odd += b * b;
        even += c * c;
        odd += d * d;
      }
    }
    return Math.sqrt(even + odd);
  }

  private addSegment(group: readonly ParameterSpec[]): void {
    const sizes = group.map(({ shape }) => LANES * Math.ceil(sizeOf(shape) / LANES));
    const count = sizes.reduce((total, size) => total + size, 0);
    const pages = Math.ceil((4 * count * ADAMW_ARRAYS.length) / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const segment = { memory, adamW: elementwiseLoop(adamWGraph(LANES), memory), count };
    for (const slot of ADAMW_ARRAYS) {
      let from = address(segment, slot);
      for (const [i, { name, shape }] of group.entries()) {
        this.views.get(slot)!.set(name, new Float32Array(memory.buffer, from, sizeOf(shape)));
        from += 4 * sizes[i]!;
      }
    }
    this.segments.push(segment);
  }
}

/** Where a slot begins in a segment's memory, in bytes. */
const address = ({ count }: Segment, slot: Slot): number => 4 * count * ADAMW_ARRAYS.indexOf(slot);
