/** Spaces of features that images are compared in: networks that turn an image into a row of numbers, run by ONNX Runtime. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { UserError } from "../../core/errors.ts";
import type { Features } from "../../core/evaluation/features.ts";
import { type ImageSet, type Layout, type Scaling, showImages } from "../../core/evaluation/showImages.ts";
import { INCEPTION, SPACES, spaceFile, spaceName } from "../../core/run/evaluationSpaces.ts";
import { expandHome } from "../../node/homePath.ts";
import { systemReason } from "../../node/systemReason.ts";
import { createSession } from "../engine/onnx/session.ts";
import { randomConvolutions } from "./randomConvolutions.ts";

export interface FeatureSpace {
  /** for people, and in results */
  readonly name: string;
  /** what a feature depends on besides the image: the network's file, the size it is shown at, how it is scaled */
  readonly version: string;
  /** @throws UserError where the network cannot take the images or says something else than a row for each */
  embed(images: ImageSet, onProgress?: (done: number) => void): Promise<Features>;
  close(): Promise<void>;
}

/** To -1 … 1. */
const SYMMETRIC: Scaling = { mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] };
/** As torchvision's and most others' networks want it. */
const IMAGENET: Scaling = { mean: [123.675, 116.28, 103.53], deviation: [58.395, 57.12, 57.375] };

interface Network {
  readonly name: string;
  readonly model: Uint8Array;
  readonly scaling: Scaling;
  /** side that images are shown at where the network takes any */
  readonly side: number;
}

const BATCH = 16;

/**
 * @param asked a name of SPACES, the path of an ONNX file, or inception-2015=PATH
 * @throws UserError where there is no such file, or it is no network for images
 */
export async function openSpace(asked: string, threads: number): Promise<FeatureSpace> {
  const network = await findNetwork(asked);
  const session = await createSession(network.model, { provider: "cpu", threads }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UserError(`${asked} is no ONNX file that ONNX Runtime can run: ${reason}`);
  });
  try {
    return new OnnxSpace(asked, network, session);
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function findNetwork(asked: string): Promise<Network> {
  if (asked === "random-convolutions") {
    return { name: asked, model: randomConvolutions(), scaling: SYMMETRIC, side: 64 };
  }
  if (asked === "efficientnet-lite0") {
    return { name: asked, model: await read(ownFile(`${asked}.onnx`)), scaling: SYMMETRIC, side: 128 };
  }
  const path = expandHome(spaceFile(asked) ?? asked);
  if (!existsSync(path)) {
    throw new UserError(
      `There is no space ${asked}: it is none of ${SPACES.join(", ")}, and no such file exists. Name one of them, or an ONNX file.`,
    );
  }
  const model = await read(path);
  const name = spaceName(asked);
  if (name === INCEPTION) return { name, model, scaling: SYMMETRIC, side: 299 };
  return { name, model, scaling: IMAGENET, side: 224 };
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${systemReason(error)}.`);
  }
}

/** Of the package that this program is a part of. */
function ownFile(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, "media/spaces", name);
    if (existsSync(file) || dirname(folder) === folder) return file;
  }
}

class OnnxSpace implements FeatureSpace {
  readonly name: string;
  readonly version: string;
  private readonly input: string;
  private readonly output: string;
  private readonly layout: Layout;
  private readonly side: number;
  private readonly batch: number;

  /** @throws UserError where the session is no network for images */
  constructor(
    private readonly asked: string,
    private readonly network: Network,
    private readonly session: ort.InferenceSession,
  ) {
    const [input] = session.inputMetadata;
    const [output] = session.outputMetadata;
    if (input?.isTensor !== true || output === undefined || session.inputMetadata.length !== 1) {
      throw this.refusal(`has ${session.inputMetadata.length} inputs instead of one`);
    }
    const { shape, type } = input;
    if (type !== "float32") throw this.refusal(`takes ${type} instead of float32`);
    if (shape.length !== 4 || (shape[1] !== 3 && shape[3] !== 3)) {
      throw this.refusal(
        `takes an input of shape [${shape.join(", ")}] instead of [n, 3, height, width] or [n, height, width, 3]`,
      );
    }
    this.layout = shape[1] === 3 ? "channels first" : "channels last";
    const [height, width] = this.layout === "channels first" ? shape.slice(2) : shape.slice(1);
    if (typeof height === "number" && typeof width === "number" && height > 0 && height !== width) {
      throw this.refusal(`takes images of ${height} x ${width} pixels, and ours are square`);
    }
    this.side = typeof height === "number" && height > 0 ? height : network.side;
    this.batch = typeof shape[0] === "number" && shape[0] > 0 ? shape[0] : BATCH;
    this.input = input.name;
    this.output = output.name;
    this.name = network.name;
    const { mean, deviation } = network.scaling;
    const hash = createHash("sha256").update(network.model).digest("hex").slice(0, 16);
    this.version = [hash, this.side, ...mean, ...deviation].join(" ");
  }

  async embed(images: ImageSet, onProgress: (done: number) => void = () => {}): Promise<Features> {
    let features: Float64Array | null = null;
    let size = 0;
    for (let from = 0; from < images.count; from += this.batch) {
      const count = Math.min(this.batch, images.count - from);
      const rows = await this.run(images, from, count);
      size = rows.length / this.batch;
      features ??= new Float64Array(images.count * size);
      if (features.length !== images.count * size) throw this.refusal("gives features of different sizes");
      features.set(rows.subarray(0, count * size), from * size);
      onProgress(from + count);
    }
    if (features?.some((value) => !Number.isFinite(value)))
      throw this.refusal("gives features that are no finite numbers");
    return { count: images.count, size, values: features ?? new Float64Array(0) };
  }

  /** [batch · size]; a batch that is not full is filled up with zeros. */
  private async run(images: ImageSet, from: number, count: number): Promise<Float32Array> {
    const { side, batch } = this;
    const first = this.layout === "channels first";
    const values = new Float32Array(batch * 3 * side * side);
    const { scaling } = this.network;
    showImages(images, from, count, { side, layout: this.layout, scaling }, values);
    const dims = first ? [batch, 3, side, side] : [batch, side, side, 3];
    const results = await this.session.run({ [this.input]: new ort.Tensor("float32", values, dims) });
    const found = results[this.output];
    const isRows =
      found?.type === "float32" && found.dims[0] === batch && found.dims.slice(2).every((length) => length === 1);
    if (!found || !isRows || found.dims.length < 2) {
      throw this.refusal(
        `gives ${found?.type} [${found?.dims.join(", ")}] for ${batch} images instead of float32 [${batch}, features]`,
      );
    }
    return found.data as Float32Array;
  }

  close(): Promise<void> {
    return this.session.release();
  }

  private refusal(what: string): UserError {
    return new UserError(`${this.asked} cannot be used as a space: the network ${what}.`);
  }
}
