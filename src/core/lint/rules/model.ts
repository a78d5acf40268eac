/** Networks that do not fit the image or themselves. */
import { imageCost } from "../../cost/imageCost.ts";
import { numberText } from "../../experiment/yamlText.ts";
import { onGrid } from "../../masks/schedule.ts";
import { backboneOf, isBuildable } from "../../model/backbones.ts";
import { isOwnNetwork } from "../../model/ownNetwork.ts";
import { mlpWidth, modelShape, tokenCount } from "../../model/shape.ts";
import { bytes, count, divisors, nearest, operations, percent, plural } from "../../numbers.ts";
import { trainsWithTorch } from "../../torch/trainsWithTorch.ts";
import type { Rule } from "../rule.ts";

const patchDividesImage: Rule = {
  code: "MDM201",
  name: "patch-divides-image",
  severity: "error",
  explanation: "`model.patch_size` must divide `data.image_size`: an image is cut into whole patches.",
  fix: "Writes the nearest patch size that divides the image; the nearest image size where that patch would be far from the asked one.",
  *check({ experiment: { data, model } }) {
    const { image_size: size } = data;
    const { patch_size: p } = model;
    if (size % p === 0) return;
    const patch =
      nearest(
        divisors(size).filter((d) => d <= 64 && d < size),
        p,
      ) ?? 1;
    const side = Math.max(p, Math.round(size / p) * p);
    const sideFits = side >= 4 && side <= 1024 && side > p;
    const why =
      p > size ? "a patch is larger than the image" : `${size} / ${p} leaves ${plural(size % p, "pixel")} over`;
    // With a prime side the only divisor is 1, which nobody means.
    const usePatch = Math.max(patch / p, p / patch) <= 2 || !sideFits;
    const options = [
      `patch_size ${patch} (a grid of ${size / patch} x ${size / patch} tokens)`,
      ...(sideFits ? [`image_size ${side} (${side / p} x ${side / p})`] : []),
    ];
    yield {
      at: ["model.patch_size", "data.image_size"],
      message: `model.patch_size ${p} does not divide data.image_size ${size}: ${why}. Use ${(usePatch ? options : options.reverse()).join(" or ")}.`,
      fix: usePatch
        ? { title: `Use patch_size ${patch}`, set: { "model.patch_size": String(patch) } }
        : { title: `Use image_size ${side}`, set: { "data.image_size": String(side) } },
    };
  },
};

const headsDivideWidth: Rule = {
  code: "MDM202",
  name: "heads-divide-width",
  severity: "error",
  explanation: "`model.num_heads` must divide `model.embed_dim`: each head gets an equal part of the width.",
  fix: "Writes the nearest number of heads that divides the width.",
  *check({ experiment: { model } }) {
    const { embed_dim: D, num_heads: heads } = model;
    if (D % heads === 0) return;
    const fitting = divisors(D).filter((d) => d <= 64);
    const near = nearest(fitting, heads) ?? 1;
    const width = Math.max(heads, Math.round(D / heads) * heads);
    const other = width % 2 === 0 && width >= 8 && width <= 4096 ? `, or embed_dim ${width}` : "";
    yield {
      at: ["model.num_heads", "model.embed_dim"],
      message: `model.num_heads ${heads} does not divide model.embed_dim ${D}: a head would get ${(D / heads).toFixed(2)} numbers. Use ${near} heads of ${D / near}${other}.`,
      fix: { title: `Use num_heads ${near}`, set: { "model.num_heads": String(near) } },
    };
  },
};

const evenWidth: Rule = {
  code: "MDM203",
  name: "even-width",
  severity: "error",
  explanation:
    "`model.embed_dim` must be even: the sinusoidal time embedding is one half cosines, one half sines. With `backbone: dit` or `positions: sincos` it must be a multiple of 4: positions are sines and cosines of column and row.",
  fix: "Writes the next such width that the heads divide.",
  *check({ experiment: { model } }) {
    const { embed_dim: D, num_heads: heads } = model;
    const { multiple, why } = backboneOf(model).widthUnit(model);
    if (D % multiple === 0) return;
    let width = multiple * Math.ceil(D / multiple);
    while (width % heads !== 0) width += multiple;
    yield {
      at: ["model.embed_dim"],
      message: `model.embed_dim ${D} is ${multiple === 2 ? "odd" : `no multiple of ${multiple}`}, but ${why}. Use ${width}.`,
      ...(width <= 4096 ? { fix: { title: `Use embed_dim ${width}`, set: { "model.embed_dim": String(width) } } } : {}),
    };
  },
};

/** The authors' largest grid is 64 x 64. */
const MANY_TOKENS = 4096;

const manyTokens: Rule = {
  code: "MDM204",
  name: "many-tokens",
  severity: "warning",
  explanation:
    "A whole image makes more than 4096 tokens, the authors' largest grid. The work and memory of attention grow with the square of that number.",
  fix: "Writes the smallest patch size that gives at most 4096 tokens.",
  *check(context) {
    const { data, model } = context.experiment;
    const shape = modelShape(context.experiment);
    const N = tokenCount(shape);
    if (!isBuildable(shape) || N <= MANY_TOKENS) return;
    const { forwardFlops, attentionFlops } = imageCost(shape, N);
    const patch = divisors(data.image_size).find((d) => (data.image_size / d) ** 2 <= MANY_TOKENS && d <= 64);
    const advice =
      patch === undefined ? "" : ` Patches of ${patch} make ${count((data.image_size / patch) ** 2)} tokens.`;
    yield {
      at: ["model.patch_size", "data.image_size"],
      message: `${data.image_size} pixels in patches of ${model.patch_size} make N = ${count(N)} tokens: a whole image takes ${operations(forwardFlops)} forward, ${percent(attentionFlops / forwardFlops)} of it attention, whose matrices are ${bytes(4 * model.num_heads * N * N)} per block and image.${advice}`,
      ...(patch === undefined
        ? {}
        : { fix: { title: `Use patch_size ${patch}`, set: { "model.patch_size": String(patch) } } }),
    };
  },
};

const fewTokens: Rule = {
  code: "MDM205",
  name: "few-tokens",
  severity: "warning",
  explanation:
    "The grid has fewer than 4 x 4 tokens: there is hardly anything to mask, and the network sees the image as a few large patches.",
  fix: "Writes the largest patch size that gives a grid of at least 8 x 8.",
  *check(context) {
    const { data, model } = context.experiment;
    const { grid } = context;
    if (grid === null || grid >= 4) return;
    const patch = divisors(data.image_size)
      .filter((d) => data.image_size / d >= 8)
      .at(-1);
    yield {
      at: ["model.patch_size", "data.image_size"],
      message: `${data.image_size} pixels in patches of ${model.patch_size} make a grid of only ${grid} x ${grid}: N = ${grid * grid}. Masking has little to choose from.${patch === undefined ? "" : ` Patches of ${patch} make ${data.image_size / patch} x ${data.image_size / patch}.`}`,
      ...(patch === undefined
        ? {}
        : { fix: { title: `Use patch_size ${patch}`, set: { "model.patch_size": String(patch) } } }),
    };
  },
};

const patchWiderThanToken: Rule = {
  code: "MDM206",
  name: "patch-wider-than-token",
  severity: "warning",
  explanation:
    "A patch holds p·p·C values, a token embed_dim numbers. With fewer numbers than values a token cannot carry its patch, so noise cannot be predicted exactly however long one trains.",
  fix: null,
  *check({ experiment: { data, model, diffusion } }) {
    const values = model.patch_size ** 2 * data.channels;
    const D = model.embed_dim;
    if (values <= D) return;
    const floor =
      diffusion.prediction === "epsilon"
        ? ` The noise is white, so at least ${percent(1 - D / values)} of its variance stays unpredicted at the noisiest timesteps.`
        : "";
    yield {
      at: ["model.patch_size", "model.embed_dim"],
      message: `A patch of ${model.patch_size} x ${model.patch_size} x ${data.channels} holds ${values} values, a token only embed_dim = ${D} numbers: the patch does not fit.${floor} Use a smaller patch_size or a larger embed_dim.`,
    };
  },
};

const evenDepth: Rule = {
  code: "MDM207",
  name: "even-depth",
  severity: "info",
  explanation:
    "With `backbone: uvit`, `model.depth` is built as floor(depth/2) in-blocks, one mid-block and floor(depth/2) out-blocks, so an even depth builds one block more than it says.",
  fix: "Writes the number of blocks that is built; the network does not change.",
  *check({ experiment: { model } }) {
    const { depth } = model;
    const blocks = backboneOf(model).blocks(depth);
    if (blocks === depth) return;
    const half = depth / 2;
    yield {
      at: ["model.depth"],
      message: `model.depth ${depth} builds ${blocks} blocks: ${half} in, 1 in the middle, ${half} out. Depth ${blocks} is the same network.`,
      ...(blocks <= 64 ? { fix: { title: `Write depth ${blocks}`, set: { "model.depth": String(blocks) } } } : {}),
    };
  },
};

const narrowHeads: Rule = {
  code: "MDM208",
  name: "narrow-heads",
  severity: "warning",
  explanation: "A head has fewer than 16 numbers to compare tokens by; 64 are usual.",
  fix: "Writes the number of heads nearest to 64 numbers per head.",
  *check({ experiment: { model } }) {
    const { embed_dim: D, num_heads: heads } = model;
    if (D % heads !== 0 || heads === 1 || D / heads >= 16) return;
    const near = nearest(
      divisors(D).filter((d) => d <= 64 && (d === 1 || D / d >= 16)),
      D / 64,
    );
    yield {
      at: ["model.num_heads", "model.embed_dim"],
      message: `${heads} heads on embed_dim ${D} get ${plural(D / heads, "number")} each; 64 are usual, below 16 heads hardly tell tokens apart. Use num_heads ${near}.`,
      fix: { title: `Use num_heads ${near}`, set: { "model.num_heads": String(near) } },
    };
  },
};

const wholeMlpWidth: Rule = {
  code: "MDM209",
  name: "whole-mlp-width",
  severity: "warning",
  explanation:
    "`model.mlp_ratio` times `model.embed_dim` is no whole number; the hidden width is cut to one. With `mlp: swiglu`, whose width is rounded in any case, nothing is said.",
  fix: "Writes the ratio of the width that is built; the network does not change.",
  *check({ experiment: { model } }) {
    // SwiGLU's is rounded in any case.
    if (model.mlp === "swiglu") return;
    const exact = model.embed_dim * model.mlp_ratio;
    const width = mlpWidth({ embedDim: model.embed_dim, mlpRatio: model.mlp_ratio, mlp: model.mlp });
    // 2.7 · 10 is 27.000000000000004 in floating point, which is meant as whole.
    if (Math.abs(exact - width) < 1e-6 * width) return;
    const ratio = numberText(exactRatio(width, model.embed_dim));
    yield {
      at: ["model.mlp_ratio", "model.embed_dim"],
      message: `model.mlp_ratio ${model.mlp_ratio} times embed_dim ${model.embed_dim} is ${Number(exact.toFixed(3))}, no whole number: the MLP gets ${width}, a ratio of ${Number((width / model.embed_dim).toPrecision(5))}.`,
      fix: { title: `Write mlp_ratio ${ratio}`, set: { "model.mlp_ratio": ratio } },
    };
  },
};

/** The shortest ratio of which the width is the product, which in floating point may come out just below it. */
function exactRatio(width: number, embedDim: number): number {
  for (let digits = 1; digits < 17; digits++) {
    const ratio = Number((width / embedDim).toPrecision(digits));
    const product = ratio * embedDim;
    if (Math.trunc(product) === width && product - width < 1e-6 * width) return ratio;
  }
  return width / embedDim;
}

const backboneUnused: Rule = {
  code: "MDM210",
  name: "backbone-unused",
  severity: "warning",
  explanation:
    "The key is not read with this `model.backbone`. dit has biases in every layer (`qkv_bias`), two layers for the timestep (`time_embedding`) and fixed positions (`positions`).",
  fix: "Removes the key.",
  *check(context) {
    const { model } = context.experiment;
    for (const key of backboneOf(model).unusedKeys) {
      if (!context.isSet(`model.${key}`)) continue;
      yield {
        at: [`model.${key}`],
        message: `model.${key} has no effect with backbone ${model.backbone}. Remove the key.`,
        fix: { title: `Remove ${key}`, remove: [`model.${key}`] },
      };
    }
  },
};

const idleOutputConv: Rule = {
  code: "MDM211",
  name: "idle-output-conv",
  severity: "warning",
  explanation:
    "With `model.output_conv: residual` a convolution joins the patches of whole images. Pretraining drops hidden tokens from its first step to its last and the file has no finetune stage, so nothing trains it: it stays zero and does nothing.",
  fix: "Removes the key.",
  *check(context) {
    const { grid, pieces, experiment, facts } = context;
    if (experiment.model.output_conv === "none" || experiment.mask.mode !== "drop") return;
    if (facts.stage === "finetune" || context.isSet("finetune")) return;
    const masks = grid === null ? null : onGrid(pieces, grid);
    if (masks === null || masks.some(({ geometry }) => geometry.visibleTokens === grid! ** 2)) return;
    yield {
      at: ["model.output_conv"],
      message:
        "model.output_conv needs whole images, which pretraining never sees here, and the file has no finetune stage: the convolution stays zero. Leave it to the experiment that finetunes, which can add it to weights without it.",
      fix: { title: "Remove output_conv", remove: ["model.output_conv"] },
    };
  },
};

const ownNetwork: Rule = {
  code: "MDM213",
  name: "own-network",
  severity: "error",
  explanation:
    "`model.backbone` names a class in Python, `module:Class`. Only the PyTorch engine trains such a network, and hidden tokens can only be dropped: `mask.mode` route and fuse are about the blocks of the studio's own networks. What it costs is not known here. [docs/own-network.md](own-network.md).",
  fix: "Writes `engine.backend: torch`, or `mode: drop`.",
  *check(context) {
    const { experiment, facts } = context;
    const { model, mask } = experiment;
    if (!isOwnNetwork(model.backbone)) return;
    if (!trainsWithTorch(experiment, facts.autoTakesTorch === true)) {
      yield {
        at: ["model.backbone"],
        message: `model.backbone ${model.backbone} is a network in Python, which the PyTorch engine alone trains. Set engine.backend to torch.`,
        fix: { title: "Use backend torch", set: { "engine.backend": "torch" } },
      };
    }
    if (mask.mode !== "drop") {
      yield {
        at: ["mask.mode"],
        message: `mask.mode ${mask.mode} is about the blocks of the studio's own networks, but model.backbone is ${model.backbone}. Use drop.`,
        fix: { title: "Use mode drop", set: { "mask.mode": "drop" } },
      };
    }
  },
};

/** A rule about what a network in Python has its own way with. */
const ofStudioNetworks = (rule: Rule): Rule => ({
  ...rule,
  *check(context) {
    if (!isOwnNetwork(context.experiment.model.backbone)) yield* rule.check(context);
  },
});

export const MODEL_RULES: readonly Rule[] = [
  patchDividesImage,
  ofStudioNetworks(headsDivideWidth),
  evenWidth,
  manyTokens,
  fewTokens,
  patchWiderThanToken,
  evenDepth,
  ofStudioNetworks(narrowHeads),
  ofStudioNetworks(wholeMlpWidth),
  backboneUnused,
  ofStudioNetworks(idleOutputConv),
  ownNetwork,
];
