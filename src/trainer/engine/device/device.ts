/** What a backend with memory of its own has to offer for the learned tensors to stay there. */

import type { Graph } from "../../../core/model/graph/graph.ts";
import type { Feed } from "../feed.ts";
import type { SegmentLayout } from "./segments.ts";
import type { UpdateScalars } from "./updateScalars.ts";

/** @typeParam A an array of float32 in the device's memory; it has as many elements as it was made with, and no shape */
export interface Device<A> {
  upload(data: Float32Array): Promise<A>;
  /** @param into as long as the array */
  download(array: A, into: Float32Array): Promise<void>;
  /** Gives the memory back. Work that was asked for before still reads it. */
  free(array: A): void;
  /** @param hostOutputs outputs that runs copy to the host; the others stay */
  compile(graph: Graph, hostOutputs: readonly string[]): Promise<DeviceExecutable<A>>;
  segment(layout: SegmentLayout): Promise<DeviceSegment<A>>;
  dispose(): Promise<void>;
}

export interface DeviceExecutable<A> {
  /**
   * @param inputs inputs that come from the host
   * @param resident the other inputs; they are left as they are
   * @param host receives the host outputs
   * @returns the outputs that stay, which are the caller's to free
   */
  run(
    inputs: ReadonlyMap<string, Feed>,
    resident: ReadonlyMap<string, A>,
    host: ReadonlyMap<string, Float32Array>,
  ): Promise<Map<string, A>>;
  dispose(): Promise<void>;
}

/** All of a segment's tensors in one array each. */
export interface SegmentState<A> {
  readonly raw: A;
  readonly m: A;
  readonly v: A;
  readonly ema: A;
}

/** What is done with one segment. Arguments are left as they are; results are the caller's to free. */
export interface DeviceSegment<A> {
  /** One array of the tensors, plus `sum` where there is one. */
  pack(parts: readonly A[], sum: A | null): Promise<A>;
  unpack(all: A): Promise<A[]>;
  /** sum of the squares of an array */
  squares(all: A): Promise<number>;
  /** AdamW and the moving average. @returns the new state, and the new raw weights one by one */
  update(gradient: A, state: SegmentState<A>, scalars: UpdateScalars): Promise<SegmentState<A> & { parts: A[] }>;
  dispose(): Promise<void>;
}
