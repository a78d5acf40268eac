/**
 * A graphics card's memory through ONNX Runtime's WebGPU provider: outputs that stay on the card are inputs of later runs, of any
 * session. Its Node binding cannot download such a tensor (asking it to ends the process), so a graph that copies does.
 */
import * as ort from "onnxruntime-node";
import { type Graph, sizeOf } from "../../../core/model/graph/graph.ts";
import type { Device, DeviceExecutable, DeviceSegment } from "../device/device.ts";
import type { SegmentLayout } from "../device/segments.ts";
import type { UpdateScalars } from "../device/updateScalars.ts";
import type { Feed } from "../feed.ts";
import { copyModel, packModel, part, squaresModel, UPDATE_SCALARS, unpackModel, updateModel } from "./deviceGraphs.ts";
import { emitOnnx } from "./emit.ts";
import { createSession } from "./session.ts";

const SETTINGS = { provider: "webgpu", threads: 1 } as const;
/** The outputs of an update that are whole segments; the others are its parts. */
const UPDATED = { raw: "newRaw", m: "newM", v: "newV", ema: "newEma" } as const;

export class OnnxDevice implements Device<ort.Tensor> {
  /** Sessions by what they do. They also keep the provider's compiled programs, which go with the last session. */
  private readonly sessions = new Map<string, Promise<ort.InferenceSession>>();

  async upload(data: Float32Array): Promise<ort.Tensor> {
    const session = await this.session(`up ${data.length}`, () =>
      createSession(copyModel(data.length), SETTINGS, ["y"]),
    );
    return output(await session.run({ x: new ort.Tensor("float32", data, [data.length]) }), "y");
  }

  async download(array: ort.Tensor, into: Float32Array): Promise<void> {
    const session = await this.session(`down ${array.size}`, () => createSession(copyModel(array.size), SETTINGS));
    copyOut(await session.run({ x: shaped(array, [array.size]) }), "y", into);
  }

  free(array: ort.Tensor): void {
    array.dispose();
  }

  async compile(graph: Graph, hostOutputs: readonly string[]): Promise<DeviceExecutable<ort.Tensor>> {
    const kept = graph.outputs.map(({ name }) => name).filter((name) => !hostOutputs.includes(name));
    const session = await createSession(emitOnnx(graph, { fusedMatMul: false, inPlace: false }), SETTINGS, kept);
    return new OnnxDeviceExecutable(graph, session, kept);
  }

  async segment(layout: SegmentLayout): Promise<DeviceSegment<ort.Tensor>> {
    const parts = layout.sizes.map((_, i) => part(i));
    const key = `${layout.sizes.join()} `;
    const flat = (tensor: ort.Tensor) => shaped(tensor, [tensor.size]);
    return {
      pack: async (tensors, sum) => {
        const model = () => packModel(layout, sum !== null);
        const session = await this.session(`${key}pack ${sum !== null}`, () =>
          createSession(model(), SETTINGS, ["all"]),
        );
        const feeds = Object.fromEntries(tensors.map((tensor, i) => [part(i), flat(tensor)]));
        return output(await session.run(sum ? { ...feeds, sum } : feeds), "all");
      },
      unpack: async (all) => {
        const session = await this.session(`${key}unpack`, () => createSession(unpackModel(layout), SETTINGS, parts));
        const results = await session.run({ all });
        return parts.map((name) => output(results, name));
      },
      squares: async (all) => {
        const { length } = layout;
        const session = await this.session(`squares ${length}`, () => createSession(squaresModel(length), SETTINGS));
        const sum = new Float32Array(1);
        copyOut(await session.run({ all }), "squares", sum);
        return sum[0]!;
      },
      update: async (gradient, state, scalars) => {
        const outputs = [...Object.values(UPDATED), ...parts];
        const session = await this.session(`${key}update`, () => createSession(updateModel(layout), SETTINGS, outputs));
        const results = await session.run({ gradient, ...state, ...scalarFeeds(scalars) });
        return {
          raw: output(results, UPDATED.raw),
          m: output(results, UPDATED.m),
          v: output(results, UPDATED.v),
          ema: output(results, UPDATED.ema),
          parts: parts.map((name) => output(results, name)),
        };
      },
      dispose: async () => {
        // The sessions are the device's.
      },
    };
  }

  async dispose(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }

  private session(key: string, create: () => Promise<ort.InferenceSession>): Promise<ort.InferenceSession> {
    const session = this.sessions.get(key) ?? create();
    this.sessions.set(key, session);
    return session;
  }
}

class OnnxDeviceExecutable implements DeviceExecutable<ort.Tensor> {
  private readonly shapes: ReadonlyMap<string, readonly number[]>;

  constructor(
    graph: Graph,
    private readonly session: ort.InferenceSession,
    private readonly kept: readonly string[],
  ) {
    this.shapes = new Map(graph.inputs.map(({ name, tensor }) => [name, tensor.shape]));
  }

  async run(
    inputs: ReadonlyMap<string, Feed>,
    resident: ReadonlyMap<string, ort.Tensor>,
    host: ReadonlyMap<string, Float32Array>,
  ): Promise<Map<string, ort.Tensor>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, shape] of this.shapes) feeds[name] = feed(name, shape, inputs.get(name), resident.get(name));
    const results = await this.session.run(feeds);
    // Outputs that a caller hands over arrays for are not written to where others stay on the card.
    for (const [name, data] of host) copyOut(results, name, data);
    return new Map(this.kept.map((name) => [name, output(results, name)]));
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}

function feed(
  name: string,
  shape: readonly number[],
  data: Feed | undefined,
  resident: ort.Tensor | undefined,
): ort.Tensor {
  if (resident) return shaped(resident, shape);
  if (!data) throw new RangeError(`the graph has no value for ${name}`);
  if (data.length !== sizeOf(shape))
    throw new RangeError(`the value for ${name} is not of shape [${shape.join(", ")}]`);
  return data instanceof Int32Array ? new ort.Tensor("int32", data, shape) : new ort.Tensor("float32", data, shape);
}

/** The same array on the card in another shape; the memory stays the argument's. */
function shaped(tensor: ort.Tensor, shape: readonly number[]): ort.Tensor {
  return ort.Tensor.fromGpuBuffer(tensor.gpuBuffer, { dataType: "float32", dims: [...shape] });
}

function scalarFeeds(scalars: UpdateScalars): Record<string, ort.Tensor> {
  return Object.fromEntries(
    UPDATE_SCALARS.map((name) => [name, new ort.Tensor("float32", Float32Array.of(scalars[name]), [1])]),
  );
}

function output(results: ort.InferenceSession.OnnxValueMapType, name: string): ort.Tensor {
  const tensor = results[name];
  if (!tensor) throw new RangeError(`the graph has no output ${name}`);
  return tensor as ort.Tensor;
}

function copyOut(results: ort.InferenceSession.OnnxValueMapType, name: string, into: Float32Array): void {
  into.set(output(results, name).data as Float32Array);
}
