/**
 * The learned tensors in the memory of a graphics card: weights, moments and averages stay there between steps, and gradients never
 * leave it. What comes back from a step is its losses, and the gradient's norm where that is wanted. Many tensors lie in one array,
 * so that an update is a few large operations instead of a few for each tensor, but not all in one, since a card limits how large a
 * buffer may be.
 */
import type * as ort from "onnxruntime-node";
import { type Graph, sizeOf } from "../../../core/model/graph/graph.ts";
import { gradientName } from "../../../core/model/graphs.ts";
import type { ParameterSpec } from "../../../core/model/parameterSpec.ts";
import {
  ADAMW_FACTORS,
  ADAMW_RESULTS,
  type AdamWScalars,
  adamWFactors,
  adamWGraph,
  updated,
} from "../../../core/training/adamW.ts";
import { copyGraph, packGraph, part, squaresGraph, unpackGraph } from "../../../core/training/packedGraphs.ts";
import type { Feed } from "../feed.ts";
import type { Learner, PredictionProgram, TrainingProgram } from "../learner.ts";
import type { ParameterStore } from "../optimizer/parameterStore.ts";
import { segmentsOf } from "../optimizer/segmentsOf.ts";
import { CardProgram } from "./cardProgram.ts";

/** 64 MiB, half of what every WebGPU device allows for a buffer. A tensor that is larger has an array of its own. */
const SEGMENT_FLOATS = 2 ** 24;

type Slot = (typeof ADAMW_RESULTS)[number];
type Weights = "raw" | "ema";

/** Neighbouring tensors that lie in one array of each slot. */
class Segment {
  /** elements of each tensor */
  readonly sizes: readonly number[];
  /** and of all */
  readonly length: number;
  /** what is on the card; the host's copy counts where there is none */
  readonly state = new Map<Slot, ort.Tensor>();
  /** the weights one by one, as graphs read them */
  readonly parts = new Map<Weights, readonly ort.Tensor[]>();
  private sum: ort.Tensor | null = null;

  constructor(readonly specs: readonly ParameterSpec[]) {
    this.sizes = specs.map(({ shape }) => sizeOf(shape));
    this.length = this.sizes.reduce((total, size) => total + size, 0);
  }

  get gradient(): ort.Tensor {
    return this.sum!;
  }

  set gradient(gradient: ort.Tensor) {
    this.sum?.dispose();
    this.sum = gradient;
  }

  forget(): void {
    for (const array of [...this.state.values(), ...[...this.parts.values()].flat()]) array.dispose();
    this.state.clear();
    this.parts.clear();
  }

  dispose(): void {
    this.forget();
    this.sum?.dispose();
  }
}

export class CardLearner implements Learner {
  private readonly segments: readonly Segment[];
  /** Programs by what they do. They also keep the provider's compiled shaders, which go with the last session. */
  private readonly programs = new Map<string, Promise<CardProgram>>();
  /** whether the card holds something newer than the host */
  private cardIsNewer = false;

  /** @param segmentFloats elements of an array at most, unless one tensor has more */
  constructor(
    private readonly store: ParameterStore,
    segmentFloats = SEGMENT_FLOATS,
  ) {
    this.segments = segmentsOf(store.specs, segmentFloats).map((specs) => new Segment(specs));
  }

  async training(graph: Graph): Promise<TrainingProgram> {
    const program = await CardProgram.compile(graph, ["loss"]);
    return {
      run: async (inputs, losses, accumulate) => {
        const gradients = await program.run(await this.with("raw", inputs), new Map([["loss", losses]]));
        for (const segment of this.segments) {
          const { sizes, specs } = segment;
          const pack = await this.program(`pack ${accumulate} ${sizes}`, () => packGraph(sizes, accumulate));
          const parts = new Map(specs.map(({ name }, i) => [part(i), gradients.get(gradientName(name))!]));
          segment.gradient = (await pack.run(accumulate ? parts.set("sum", segment.gradient) : parts)).get("all")!;
        }
        for (const array of gradients.values()) array.dispose();
        return null;
      },
      dispose: () => program.dispose(),
    };
  }

  async prediction(graph: Graph): Promise<PredictionProgram> {
    const program = await CardProgram.compile(graph, ["output"]);
    return {
      run: async (weights, inputs, output) => {
        await program.run(await this.with(weights, inputs), new Map([["output", output]]));
      },
      dispose: () => program.dispose(),
    };
  }

  async gradientNorm(): Promise<number> {
    const squares = new Float32Array(1);
    let total = 0;
    for (const { length, gradient } of this.segments) {
      const program = await this.program(`squares ${length}`, () => squaresGraph(length), ["squares"]);
      await program.run(new Map([["all", gradient]]), new Map([["squares", squares]]));
      total += squares[0]!;
    }
    return Math.sqrt(total);
  }

  async update(scalars: AdamWScalars): Promise<void> {
    const values = adamWFactors(scalars);
    for (const segment of this.segments) {
      const inputs = new Map<string, ort.Tensor | Float32Array>([["gradient", segment.gradient]]);
      for (const slot of ADAMW_RESULTS) inputs.set(slot, await this.resident(segment, slot));
      for (const [i, name] of ADAMW_FACTORS.entries()) inputs.set(name, Float32Array.of(values[i]!));
      const { length } = segment;
      const results = await (await this.program(`update ${length}`, () => adamWGraph(length))).run(inputs);
      segment.forget();
      for (const slot of ADAMW_RESULTS) segment.state.set(slot, results.get(updated(slot))!);
    }
    this.cardIsNewer = true;
  }

  async toHost(): Promise<void> {
    if (!this.cardIsNewer) return;
    for (const segment of this.segments) {
      const { length } = segment;
      const program = await this.program(`down ${length}`, () => copyGraph(length), ["copy"]);
      const all = new Float32Array(length);
      for (const [slot, array] of segment.state) {
        await program.run(new Map([["all", array]]), new Map([["copy", all]]));
        for (const [data, from] of this.hostParts(segment, slot)) data.set(all.subarray(from, from + data.length));
      }
    }
    this.cardIsNewer = false;
  }

  hostChanged(): void {
    for (const segment of this.segments) segment.forget();
  }

  async dispose(): Promise<void> {
    for (const segment of this.segments) segment.dispose();
    for (const program of this.programs.values()) await (await program).dispose();
  }

  /** A graph's inputs by name, the weights on the card among them. */
  private async with(weights: Weights, inputs: ReadonlyMap<string, Feed>): Promise<Map<string, Feed | ort.Tensor>> {
    const byName = new Map<string, Feed | ort.Tensor>(inputs);
    for (const segment of this.segments) {
      const { sizes, specs } = segment;
      let parts = segment.parts.get(weights);
      if (!parts) {
        const unpack = await this.program(`unpack ${sizes}`, () => unpackGraph(sizes));
        const results = await unpack.run(new Map([["all", await this.resident(segment, weights)]]));
        parts = sizes.map((_, i) => results.get(part(i))!);
        segment.parts.set(weights, parts);
      }
      for (const [i, { name }] of specs.entries()) byName.set(name, parts[i]!);
    }
    return byName;
  }

  private async resident(segment: Segment, slot: Slot): Promise<ort.Tensor> {
    const known = segment.state.get(slot);
    if (known !== undefined) return known;
    const { length } = segment;
    const all = new Float32Array(length);
    for (const [data, from] of this.hostParts(segment, slot)) all.set(data, from);
    const program = await this.program(`up ${length}`, () => copyGraph(length));
    const array = (await program.run(new Map([["all", all]]))).get("copy")!;
    segment.state.set(slot, array);
    return array;
  }

  /** The host's arrays of a segment, and where each begins in the segment's own. */
  private hostParts({ specs, sizes }: Segment, slot: Slot): [Float32Array, number][] {
    let end = 0;
    return specs.map(({ name }, i) => {
      end += sizes[i]!;
      return [this.store.slot(slot).get(name)!, end - sizes[i]!];
    });
  }

  private program(key: string, graph: () => Graph, hostOutputs: readonly string[] = []): Promise<CardProgram> {
    const program = this.programs.get(key) ?? CardProgram.compile(graph(), hostOutputs);
    this.programs.set(key, program);
    return program;
  }
}
