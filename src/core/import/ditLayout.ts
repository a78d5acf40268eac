/** The DiT of Peebles & Xie 2022 (facebookresearch/DiT). */
import { UserError } from "../errors.ts";
import { derived, type StoredTensor } from "../model/storedTensor.ts";
import { countBlocks, imageSide, mlpKeys, normKeys, patchSizes, shapeOf } from "./importedModel.ts";
import type { Layout } from "./layout.ts";

const BLOCK = "blocks.0.";
const TABLE = "y_embedder.embedding_table.weight";
const OUTPUT = "final_layer.linear";

export const DIT_LAYOUT: Layout = {
  name: "dit",
  title: "DiT",
  signature: "final_layer.adaLN_modulation.1.weight",
  patches: "x_embedder.proj.weight",
  read(tensors, source, classes) {
    const notes: string[] = [];
    const { D, C, p } = patchSizes(tensors, this.patches, source);
    const image_size = imageSide(shapeOf(tensors, "pos_embed", source)[1] ?? 0, p, source);
    const all = new Map(tensors);
    const outputs = (shapeOf(tensors, `${OUTPUT}.weight`, source)[0] ?? 0) / (p * p);
    if (outputs === 2 * C) {
      for (const part of ["weight", "bias"]) {
        const name = `${OUTPUT}.${part}`;
        const tensor = tensors.get(name);
        if (tensor !== undefined) all.set(name, firstChannels(tensor, p * p, C));
      }
      notes.push(
        "the network also predicts variances (learn_sigma), which are left out: samplers here have fixed ones, so ancestral sampling differs a little, and DDIM does not",
      );
    }
    const numClasses = classCount(all, D, classes, source, notes);
    return {
      data: { image_size, channels: C },
      model: {
        backbone: "dit",
        patch_size: p,
        embed_dim: D,
        depth: countBlocks(tensors, "blocks."),
        ...mlpKeys(tensors, BLOCK, D, source),
        ...normKeys(tensors, BLOCK),
        norm: "layer",
        output_conv: tensors.has("output_conv.weight") ? "residual" : "none",
        num_classes: numClasses,
      },
      tensors: all,
      notes,
    };
  },
};

/** Of rows in (p1, p2, 2C) order those of the first C channels: the noise, without the variances. */
function firstChannels(tensor: StoredTensor, pixels: number, channels: number): StoredTensor {
  const [rows = 0, ...rest] = tensor.shape;
  const width = rest.reduce((product, size) => product * size, 1);
  return derived(tensor, [rows / 2, ...rest], (values) => {
    const out = new Float32Array(values.length / 2);
    const length = channels * width;
    for (let pixel = 0; pixel < pixels; pixel++)
      out.set(values.subarray(2 * pixel * length, (2 * pixel + 1) * length), pixel * length);
    return out;
  });
}

/** Without class dropout the published table has no row for no class; the one here always does. */
function classCount(
  tensors: Map<string, StoredTensor>,
  D: number,
  asked: number | null,
  source: string,
  notes: string[],
): number {
  const table = tensors.get(TABLE);
  if (table === undefined) return 0;
  const rows = table.shape[0] ?? 0;
  if (asked === rows) {
    tensors.set(
      TABLE,
      derived(table, [rows + 1, D], (values) =>
        Float32Array.from({ length: (rows + 1) * D }, (_, i) => values[i] ?? 0),
      ),
    );
    notes.push(
      "there is no embedding for images without a class: it is zero here, and guidance means nothing before a training with class_dropout",
    );
    return rows;
  }
  if (asked !== null && asked !== rows - 1)
    throw new UserError(
      `${source} has embeddings of ${rows} classes, the last of which may stand for none: model.num_classes is ${rows - 1} or ${rows}, not ${asked}.`,
    );
  if (rows < 2)
    throw new UserError(
      `${source} has an embedding of one class alone. Say whether it is one: --set model.num_classes=1`,
    );
  notes.push(
    `the last of the ${rows} embeddings of classes stands for no class, as with class dropout; where the network was trained without, import it with --set model.num_classes=${rows}`,
  );
  return rows - 1;
}
