/**
 * The learned tensors in the memory of a device: weights, moments and averages stay there between steps, and gradients never
 * leave it. What comes back from a step is its losses, and the gradient's norm where that is wanted.
 */

import { type Graph, sizeOf } from "../../../core/model/graph/graph.ts";
import { gradientName } from "../../../core/model/graphs.ts";
import type { ParameterSpec } from "../../../core/model/parameterSpec.ts";
import type { Feed } from "../feed.ts";
import type { Learner, PredictionProgram, TrainingProgram } from "../learner.ts";
import type { AdamWScalars } from "../optimizer/kernels.ts";
import type { ParameterStore } from "../optimizer/parameterStore.ts";
import { segmentsOf } from "../optimizer/segmentsOf.ts";
import type { Device, DeviceSegment } from "./device.ts";
import { SEGMENT_FLOATS, type SegmentLayout, segmentLayout } from "./segments.ts";
import { updateScalars } from "./updateScalars.ts";

const STATE = ["raw", "m", "v", "ema"] as const;
type StateSlot = (typeof STATE)[number];
type Weights = "raw" | "ema";

class Segment<A> {
  readonly layout: SegmentLayout;
  /** what is on the device; the host's copy counts where there is none */
  readonly state = new Map<StateSlot, A>();
  /** the weights one by one, as graphs read them */
  readonly parts = new Map<Weights, readonly A[]>();
  gradient: A | null = null;
  private operations: Promise<DeviceSegment<A>> | null = null;

  constructor(
    readonly specs: readonly ParameterSpec[],
    private readonly device: Device<A>,
  ) {
    this.layout = segmentLayout(specs);
  }

  on(): Promise<DeviceSegment<A>> {
    this.operations ??= this.device.segment(this.layout);
    return this.operations;
  }

  setGradient(gradient: A): void {
    if (this.gradient !== null) this.device.free(this.gradient);
    this.gradient = gradient;
  }

  forget(slots: readonly StateSlot[]): void {
    for (const slot of slots) {
      const array = this.state.get(slot);
      if (array !== undefined) this.device.free(array);
      this.state.delete(slot);
    }
    for (const weights of ["raw", "ema"] as const) {
      if (!slots.includes(weights)) continue;
      for (const array of this.parts.get(weights) ?? []) this.device.free(array);
      this.parts.delete(weights);
    }
  }

  async dispose(): Promise<void> {
    this.forget(STATE);
    if (this.gradient !== null) this.device.free(this.gradient);
    if (this.operations) await (await this.operations).dispose();
  }
}

export class DeviceLearner<A> implements Learner {
  private readonly segments: readonly Segment<A>[];
  /** whether the device holds something newer than the host */
  private deviceIsNewer = false;

  /** @param segmentFloats elements of a segment at most, unless one tensor has more */
  constructor(
    private readonly device: Device<A>,
    private readonly store: ParameterStore,
    segmentFloats = SEGMENT_FLOATS,
  ) {
    this.segments = segmentsOf(store.specs, segmentFloats).map((specs) => new Segment(specs, device));
  }

  async training(graph: Graph): Promise<TrainingProgram> {
    const executable = await this.device.compile(graph, ["loss"]);
    return {
      run: async (inputs: ReadonlyMap<string, Feed>, losses: Float32Array, accumulate: boolean) => {
        const gradients = await executable.run(inputs, await this.weights("raw"), new Map([["loss", losses]]));
        for (const segment of this.segments) {
          const parts = segment.specs.map(({ name }) => gradients.get(gradientName(name))!);
          segment.setGradient(await (await segment.on()).pack(parts, accumulate ? segment.gradient : null));
        }
        for (const array of gradients.values()) this.device.free(array);
        return null;
      },
      dispose: () => executable.dispose(),
    };
  }

  async prediction(graph: Graph): Promise<PredictionProgram> {
    const executable = await this.device.compile(graph, ["output"]);
    return {
      run: async (weights, inputs, output) => {
        await executable.run(inputs, await this.weights(weights), new Map([["output", output]]));
      },
      dispose: () => executable.dispose(),
    };
  }

  async gradientNorm(): Promise<number> {
    let total = 0;
    for (const segment of this.segments) total += await (await segment.on()).squares(segment.gradient!);
    return Math.sqrt(total);
  }

  async update(scalars: AdamWScalars): Promise<void> {
    for (const segment of this.segments) {
      const operations = await segment.on();
      const state = {
        raw: await this.resident(segment, "raw"),
        m: await this.resident(segment, "m"),
        v: await this.resident(segment, "v"),
        ema: await this.resident(segment, "ema"),
      };
      const { parts, ...updated } = await operations.update(segment.gradient!, state, updateScalars(scalars));
      segment.forget(STATE);
      for (const slot of STATE) segment.state.set(slot, updated[slot]);
      segment.parts.set("raw", parts);
    }
    this.deviceIsNewer = true;
  }

  async toHost(): Promise<void> {
    if (!this.deviceIsNewer) return;
    for (const segment of this.segments) {
      const all = new Float32Array(segment.layout.length);
      for (const [slot, array] of segment.state) {
        await this.device.download(array, all);
        for (const [data, from] of this.hostParts(segment, slot)) data.set(all.subarray(from, from + data.length));
      }
    }
    this.deviceIsNewer = false;
  }

  hostChanged(): void {
    for (const segment of this.segments) segment.forget(STATE);
  }

  async dispose(): Promise<void> {
    for (const segment of this.segments) await segment.dispose();
    await this.device.dispose();
  }

  /** The weights by name, on the device. */
  private async weights(weights: Weights): Promise<Map<string, A>> {
    const byName = new Map<string, A>();
    for (const segment of this.segments) {
      let parts = segment.parts.get(weights);
      if (!parts) {
        parts = await (await segment.on()).unpack(await this.resident(segment, weights));
        segment.parts.set(weights, parts);
      }
      segment.specs.forEach(({ name }, i) => {
        byName.set(name, parts[i]!);
      });
    }
    return byName;
  }

  private async resident(segment: Segment<A>, slot: StateSlot): Promise<A> {
    const known = segment.state.get(slot);
    if (known !== undefined) return known;
    const all = new Float32Array(segment.layout.length);
    for (const [data, from] of this.hostParts(segment, slot)) all.set(data, from);
    const array = await this.device.upload(all);
    segment.state.set(slot, array);
    return array;
  }

  /** The host's arrays of a segment, and where each begins in the segment's own. */
  private hostParts(segment: Segment<A>, slot: StateSlot): [Float32Array, number][] {
    const views = this.store.slot(slot);
    let from = 0;
    return segment.specs.map(({ name, shape }) => {
      const start = from;
      from += sizeOf(shape);
      return [views.get(name)!, start];
    });
  }
}
