/** The method's network (jiachenlei/maskdm) and the U-ViT that it comes from (Bao et al. 2023, baofff/U-ViT). */
import { UserError } from "../errors.ts";
import { gridPositions } from "../model/gridPositions.ts";
import { derived, type StoredTensor } from "../model/storedTensor.ts";
import { countBlocks, type ImportedModel, imageSide, mlpKeys, normKeys, patchSizes, shapeOf } from "./importedModel.ts";
import type { Layout } from "./layout.ts";

type Tensors = ReadonlyMap<string, StoredTensor>;

const POSITIONS = "encoder.encoder_pos_embed";
const MIDDLE = "encoder.mid_block.";
/** Values that lie nearer to each other are the same. */
const SAME = 1e-5;

export const MASKDM_LAYOUT: Layout = {
  name: "maskdm",
  title: "the method's network",
  signature: "encoder_to_output.weight",
  patches: "encoder.patch_embed.proj.weight",
  read: (tensors, source) => readUvit(tensors, source, []),
};

export const UVIT_LAYOUT: Layout = {
  name: "uvit",
  title: "U-ViT",
  signature: "decoder_pred.weight",
  patches: "patch_embed.proj.weight",
  read: (tensors, source) => {
    const notes = [
      "U-ViT has continuous times and the process of Song et al. 2021 with β from 0.1 to 20; schedule: linear is its form in 1000 steps, whose noise levels differ by less than half a step",
    ];
    return readUvit(
      new Map([...tensors].flatMap(([name, tensor]) => methodTensors(name, tensor, source, notes))),
      source,
      notes,
    );
  },
};

/** A tensor of U-ViT as those that the method's network has in its place. */
function methodTensors(name: string, tensor: StoredTensor, source: string, notes: string[]): [string, StoredTensor][] {
  if (/^context_embed\./.test(name))
    throw new UserError(`${source} draws images from text, which no network here does.`);
  const output = /^decoder_pred\.(weight|bias)$/.exec(name);
  if (output) return [[`encoder_to_output.${output[1]}`, tensor]];
  if (name === "pos_embed") return [[POSITIONS, tensor]];
  const bias = /^(.*\.attn\.)qkv\.bias$/.exec(name);
  if (bias) return queryAndValueBias(`encoder.${bias[1]}`, tensor);
  if (name === "final_layer.bias") return [["output_conv.bias", tensor]];
  if (name === "final_layer.weight") {
    notes.push(
      "U-ViT's last convolution became output_conv: residual, which is added to its input: 1 is taken from the middle of each channel's own window",
    );
    return [["output_conv.weight", lessIdentity(tensor, source)]];
  }
  return [[`encoder.${name}`, tensor]];
}

/**
 * A bias of keys adds the same to all scores of a query, which softmax does not see: it is left out.
 * @param tensor [3D], of queries, keys and values
 */
function queryAndValueBias(attention: string, tensor: StoredTensor): [string, StoredTensor][] {
  const D = tensor.shape[0]! / 3;
  const part = (at: number) => derived(tensor, [D], (values) => values.slice(at * D, (at + 1) * D));
  return [
    [`${attention}q_bias`, part(0)],
    [`${attention}v_bias`, part(2)],
  ];
}

/** conv(y) = y + (conv - identity)(y). @param tensor [C, C, 3, 3] */
function lessIdentity(tensor: StoredTensor, source: string): StoredTensor {
  const [C = 0, other, height, width] = tensor.shape;
  if (other !== C || height !== 3 || width !== 3)
    throw new UserError(
      `${source}: final_layer.weight has the shape [${tensor.shape}]; a 3 x 3 convolution of as many channels is known here.`,
    );
  return derived(tensor, tensor.shape, (values) => {
    for (let c = 0; c < C; c++) values[(c * C + c) * 9 + 4]! -= 1;
    return values;
  });
}

/** @param tensors by the method's names */
function readUvit(tensors: Tensors, source: string, notes: string[]): ImportedModel {
  const { D, C, p } = patchSizes(tensors, MASKDM_LAYOUT.patches, source);
  const fused = [...tensors.keys()].some((name) => name.startsWith("fuse."));
  if (fused)
    throw new UserError(
      `${source} was trained with mask.mode: fuse, and its tensors do not tell how many blocks fuse. Take its run folder instead of the file.`,
    );
  const classes = tensors.get("encoder.label_emb.weight")?.shape[0] ?? 0;
  const extra = classes > 0 ? 2 : 1;
  const places = shapeOf(tensors, POSITIONS, source)[1] ?? 0;
  const image_size = imageSide(places - extra, p, source);
  const mlp = mlpKeys(tensors, MIDDLE, D, source);
  const all = new Map(tensors);
  const unconditional = "encoder.uncond_embed";
  const learnsNone = classes > 0 && !tensors.has(unconditional);
  if (learnsNone) {
    all.set(unconditional, { shape: [1, D], read: () => new Float32Array(D) });
    notes.push(
      "there is no embedding for images without a class: it is zero here, and guidance means nothing before a training with class_dropout",
    );
  }
  return {
    data: { image_size, channels: C },
    model: {
      backbone: "uvit",
      patch_size: p,
      embed_dim: D,
      depth: 2 * countBlocks(tensors, "encoder.in_blocks.") + 1,
      ...mlp,
      ...normKeys(tensors, MIDDLE),
      norm: tensors.has("encoder.norm.bias") ? "layer" : "rms",
      qkv_bias: tensors.has(`${MIDDLE}attn.q_bias`),
      time_embedding: tensors.has("encoder.time_embed.0.weight") ? "mlp" : "sinusoidal",
      positions: hasFixedPositions(tensors.get(POSITIONS)!, extra, D, image_size / p) ? "sincos" : "learned",
      output_conv: tensors.has("output_conv.weight") ? "residual" : "none",
      num_classes: classes,
      ...(classes > 0 ? { class_dropout: learnsNone ? 0 : 0.1 } : {}),
    },
    tensors: all,
    notes,
  };
}

/** Whether positions are the fixed ones, which are then no learned tensor. */
function hasFixedPositions(tensor: StoredTensor, extra: number, width: number, side: number): boolean {
  if (width % 4 !== 0 || tensor.shape.length !== 3 || tensor.shape[2] !== width) return false;
  const fixed = gridPositions({ rows: side, columns: side }, width);
  const values = tensor.read();
  return values.every((value, i) => Math.abs(value - (i < extra * width ? 0 : fixed[i - extra * width]!)) < SAME);
}
