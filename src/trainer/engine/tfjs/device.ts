/** A graphics card's memory through TensorFlow.js on WebGPU: tensors stay there until they are read. */
import * as tf from "@tensorflow/tfjs-core";
import type { Graph } from "../../../core/model/graph/graph.ts";
import type { Device, DeviceExecutable, DeviceSegment, SegmentState } from "../device/device.ts";
import { ROW, type SegmentLayout } from "../device/segments.ts";
import type { UpdateScalars } from "../device/updateScalars.ts";
import type { Feed } from "../feed.ts";
import { nativeKernels } from "./evaluate.ts";
import { withBackend } from "./load.ts";
import { GraphWalk } from "./walk.ts";

const onCard = <T>(work: () => T | Promise<T>): Promise<T> => withBackend("tfjs-webgpu", work);

export class TfjsDevice implements Device<tf.Tensor> {
  upload(data: Float32Array): Promise<tf.Tensor> {
    return onCard(() => tf.tensor1d(data));
  }

  download(array: tf.Tensor, into: Float32Array): Promise<void> {
    return onCard(async () => into.set(await array.data()));
  }

  free(array: tf.Tensor): void {
    array.dispose();
  }

  async compile(graph: Graph, hostOutputs: readonly string[]): Promise<DeviceExecutable<tf.Tensor>> {
    const walk = new GraphWalk(graph, nativeKernels);
    return {
      run: (inputs, resident, host) => onCard(() => run(walk, hostOutputs, inputs, resident, host)),
      dispose: async () => {
        // Nothing but what is the caller's outlives a run.
      },
    };
  }

  async segment(layout: SegmentLayout): Promise<DeviceSegment<tf.Tensor>> {
    return {
      pack: (parts, sum) => onCard(() => pack(layout, parts, sum)),
      unpack: (all) => onCard(() => unpack(layout, all)),
      squares: (all) => onCard(() => squares(all)),
      update: (gradient, state, scalars) => onCard(() => update(layout, gradient, state, scalars)),
      dispose: async () => {
        // It has no arrays of its own.
      },
    };
  }

  async dispose(): Promise<void> {
    // TensorFlow.js has one card for the whole process.
  }
}

async function run(
  walk: GraphWalk,
  hostOutputs: readonly string[],
  inputs: ReadonlyMap<string, Feed>,
  resident: ReadonlyMap<string, tf.Tensor>,
  host: ReadonlyMap<string, Float32Array>,
): Promise<Map<string, tf.Tensor>> {
  const wanted = new Map<string, tf.Tensor>();
  const kept = new Map<string, tf.Tensor>();
  try {
    walk.run(
      (name, i) => {
        const array = resident.get(name);
        return array ? tf.reshape(array, [...walk.graph.inputs[i]!.tensor.shape]) : walk.tensor(i, inputs.get(name));
      },
      // A clone shares the memory.
      (name, value) => (hostOutputs.includes(name) ? wanted : kept).set(name, tf.clone(value)),
    );
    for (const [name, data] of host) data.set(await wanted.get(name)!.data());
    return kept;
  } catch (error) {
    for (const value of kept.values()) value.dispose();
    throw error;
  } finally {
    for (const value of wanted.values()) value.dispose();
  }
}

function pack({ used, length }: SegmentLayout, parts: readonly tf.Tensor[], sum: tf.Tensor | null): tf.Tensor {
  return tf.tidy(() => {
    const rest = used < length ? [tf.zeros([length - used])] : [];
    const all = tf.concat([...parts.map((part) => tf.reshape(part, [part.size])), ...rest]);
    return sum ? tf.add(all, sum) : all;
  });
}

function unpack({ sizes }: SegmentLayout, all: tf.Tensor): tf.Tensor[] {
  let from = 0;
  return sizes.map((size) => {
    const part = tf.slice(all, [from], [size]);
    from += size;
    return part;
  });
}

async function squares(all: tf.Tensor): Promise<number> {
  const sum = tf.tidy(() => tf.sum(tf.sum(tf.square(tf.reshape(all, [-1, ROW])), 1)));
  try {
    return (await sum.data())[0]!;
  } finally {
    sum.dispose();
  }
}

function update(
  layout: SegmentLayout,
  gradient: tf.Tensor,
  state: SegmentState<tf.Tensor>,
  s: UpdateScalars,
): SegmentState<tf.Tensor> & { parts: tf.Tensor[] } {
  const updated = tf.tidy(() => {
    const m = tf.add(tf.mul(state.m, s.beta1), tf.mul(gradient, s.gradientWeight));
    const v = tf.add(tf.mul(state.v, s.beta2), tf.mul(tf.square(gradient), s.squareWeight));
    const root = tf.add(tf.mul(tf.sqrt(v), s.rootCorrection), s.epsilon);
    const raw = tf.sub(tf.mul(state.raw, s.decay), tf.div(tf.mul(m, s.stepSize), root));
    const ema = tf.add(raw, tf.mul(tf.sub(state.ema, raw), s.emaDecay));
    return { raw, m, v, ema };
  });
  return { ...updated, parts: unpack(layout, updated.raw) };
}
