/** Where the learned tensors live: weights, gradients, AdamW moments and averaged weights, in memory that the kernels share. */

import { sizeOf } from "../../../core/model/graph/graph.ts";
import type { ParameterSpec } from "../../../core/model/parameterSpec.ts";
import type { NamedTensor } from "../../../core/run/tensor.ts";
import { type AdamWScalars, type Kernels, kernels } from "./kernels.ts";
import { paddedTo, segmentsOf } from "./segmentsOf.ts";

/** The copies kept of every tensor. `scratch` takes the gradients of a further micro-batch before they are added. */
export const SLOTS = ["raw", "gradient", "m", "v", "ema", "scratch"] as const;
export type Slot = (typeof SLOTS)[number];

/** A WebAssembly memory is addressed with 32 bits: so many floats of each slot share one. */
const SEGMENT_FLOATS = 2 ** 26;
/** floats; the kernels take four at a time */
const PADDING = 4;
const PAGE_BYTES = 65536;

interface Segment {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** floats of each slot, a multiple of PADDING */
  readonly count: number;
}

export class ParameterStore {
  private readonly segments: Segment[] = [];
  private readonly views = new Map<Slot, Map<string, Float32Array>>();

  /** @param withScratch whether gradients are accumulated over micro-batches */
  constructor(
    readonly specs: readonly ParameterSpec[],
    withScratch: boolean,
  ) {
    const slots = withScratch ? SLOTS : SLOTS.filter((slot) => slot !== "scratch");
    for (const slot of SLOTS) this.views.set(slot, new Map());
    for (const group of segmentsOf(specs, SEGMENT_FLOATS, PADDING)) this.addSegment(group, slots);
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
      ({ memory, count }) => new Float32Array(memory.buffer, SLOTS.indexOf(slot) * count * 4, count),
    );
  }

  /** One optimiser step and one update of the moving average. */
  update(scalars: AdamWScalars): void {
    for (const segment of this.segments) {
      const at = (slot: Slot) => SLOTS.indexOf(slot) * segment.count * 4;
      segment.kernels.adamW(at("raw"), at("gradient"), at("m"), at("v"), at("ema"), segment.count, scalars);
    }
  }

  /** gradient += scratch */
  accumulateScratch(): void {
    for (const { kernels, count } of this.segments) {
      kernels.accumulate(SLOTS.indexOf("gradient") * count * 4, SLOTS.indexOf("scratch") * count * 4, count);
    }
  }

  /** Euclidean norm of a slot over all tensors; not finite when any element is not. */
  norm(slot: Slot): number {
    let total = 0;
    for (const { kernels, count } of this.segments)
      total += kernels.sumOfSquares(SLOTS.indexOf(slot) * count * 4, count);
    return Math.sqrt(total);
  }

  private addSegment(group: readonly ParameterSpec[], slots: readonly Slot[]): void {
    const count = group.reduce((total, spec) => total + padded(spec), 0);
    const pages = Math.ceil((count * 4 * slots.length) / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    slots.forEach((slot, i) => {
      let offset = i * count;
      for (const spec of group) {
        this.views.get(slot)!.set(spec.name, new Float32Array(memory.buffer, offset * 4, sizeOf(spec.shape)));
        offset += padded(spec);
      }
    });
    this.segments.push({ memory, kernels: kernels(memory), count });
  }
}

const padded = ({ shape }: ParameterSpec): number => paddedTo(PADDING, sizeOf(shape));
