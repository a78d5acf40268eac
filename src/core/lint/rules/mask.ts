/** Masks that are not what the file says (method sections 4 and 7). */
import { cropSizeForRate, geometryOf, tileSize } from "../../masks/masks.ts";
import { nearest, percent, plural, share } from "../../numbers.ts";
import type { Finding, Rule } from "../rule.ts";
import { ofEveryPiece, unusedInAllPieces } from "./maskPieces.ts";
import {
  aGrid,
  asked,
  byDefault,
  closerTile,
  differs,
  effective,
  exactRate,
  gridText,
  isClose,
  least,
  maskCount,
  otherTiles,
  outcome,
  pretrains,
  SHAPE_KEYS,
  setOnes,
  tileOf,
  usefulTiles,
  whyNothing,
  withTile,
} from "./maskText.ts";

const blockDividesGrid: Rule = {
  code: "MDM301",
  name: "block-divides-grid",
  severity: "error",
  explanation:
    "`mask.block_size`, and `mask.cell_size` with `strategy: stratified`, must divide the grid side g = image_size / patch_size: blocks and cells tile the grid.",
  fix: "Writes the nearest size that divides the grid.",
  *check(context) {
    const { mask, grid } = context;
    const tile = tileOf(mask);
    const b = tileSize(mask);
    if (!pretrains(context) || tile === null || grid === null || grid % b === 0) return;
    const fitting = usefulTiles(grid);
    const wanted = nearest(fitting, b);
    const key = `mask.${tile.key}`;
    const why =
      b > grid ? `the grid is only ${grid} tokens wide` : `${grid} / ${b} leaves ${plural(grid % b, "token")} over`;
    const advice =
      fitting.length > 0
        ? `${tile.key === "block_size" ? "Block" : "Cell"} sizes that fit: ${fitting.join(", ")}.`
        : "Use strategy patch.";
    yield {
      at: [key, "model.patch_size", "data.image_size"],
      message: `${key} ${b}${byDefault(context, key)} does not divide the ${gridText(grid)} grid: ${why}. ${advice}`,
      fix:
        wanted === null
          ? {
              title: "Use strategy patch",
              set: { "mask.strategy": "patch" },
              remove: setOnes(context, key),
            }
          : { title: `Use ${tile.key} ${wanted}`, set: { [key]: String(wanted) } },
    };
  },
};

const cropFitsGrid: Rule = {
  code: "MDM302",
  name: "crop-fits-grid",
  severity: "error",
  explanation: "`mask.crop_size` is counted in tokens and cannot exceed the grid side g = image_size / patch_size.",
  fix: "Writes the window that the asked rate comes to.",
  *check(context) {
    const { mask, grid } = context;
    if (
      !pretrains(context) ||
      mask.strategy !== "crop" ||
      grid === null ||
      mask.cropSize === null ||
      mask.cropSize <= grid
    )
      return;
    const c = cropSizeForRate(mask.rate, grid * grid);
    const pixels = context.experiment.data.image_size;
    const inPixels = mask.cropSize <= pixels ? " It counts tokens, not pixels." : "";
    yield {
      at: ["mask.crop_size"],
      message: `mask.crop_size ${mask.cropSize} is larger than the ${gridText(grid)} grid.${inPixels} For rate ${mask.rate}${byDefault(context, "mask.rate")} it is ${c}.`,
      fix: { title: `Use crop_size ${c}`, set: { "mask.crop_size": String(c) } },
    };
  },
};

const nothingHidden: Rule = {
  code: "MDM303",
  name: "nothing-hidden",
  severity: "error",
  explanation:
    "The rate rounds to nothing: no token is hidden, so pretraining would silently see whole images, at full cost. An explicit `strategy: none` does the same and is fine.",
  fix: "Writes the nearest block or cell size that gives about the asked rate; else `strategy: none`, which is what would happen.",
  *check(context) {
    const { mask, grid, geometry } = context;
    if (!pretrains(context) || geometry === null || grid === null || mask.strategy === "none") return;
    if (mask.rate === 0 || geometry.visibleTokens < geometry.tokens) return;
    const { tokens } = geometry;
    const tile = tileOf(mask)?.key;
    const better = otherTiles(mask, grid).find(
      (side) => effective(withTile(mask, side), grid) > 0 && isClose(withTile(mask, side), grid),
    );
    const options = [
      ...(better === undefined ? [] : [`${tile} ${better} for ${share(effective(withTile(mask, better), grid))}`]),
      ...(mask.strategy === "crop" && mask.cropSize !== null ? [] : [`a rate of at least ${least(mask, grid)}`]),
      "strategy none if that is meant",
    ];
    yield {
      at: [...SHAPE_KEYS, "mask.strategy"],
      message: `${asked(context)} on ${aGrid(grid)} hides 0 of ${tokens} tokens${whyNothing(mask, tokens)}. Pretraining would see whole images at full cost. Use ${options.join(", or ")}.`,
      fix:
        better === undefined
          ? {
              title: "Use strategy none",
              set: { "mask.strategy": "none" },
              remove: setOnes(context, ...SHAPE_KEYS),
            }
          : { title: `Use ${tile} ${better}`, set: { [`mask.${tile}`]: String(better) } },
    };
  },
};

const effectiveRate: Rule = {
  code: "MDM304",
  name: "effective-rate",
  severity: "warning",
  explanation:
    "Tokens, blocks and windows are hidden whole, so the rate that a strategy can give differs from the asked one; by more than 0.01 here. An info where the rate and the size of blocks or cells are left to their defaults, and silent where image and patch size are, too.",
  fix: "Writes the rate that is really used; training does not change.",
  *check(context) {
    const { mask, grid, geometry } = context;
    if (!pretrains(context) || geometry === null || grid === null || mask.strategy === "none") return;
    if (mask.strategy === "crop" && mask.cropSize !== null) return;
    if (geometry.visibleTokens === geometry.tokens || !differs(geometry.effectiveRate, mask.rate)) return;
    const exact = exactRate(mask, grid);
    // Nobody asked for the default rate, least of all where everything that matters is left to its default.
    if (
      !["mask.rate", "mask.block_size", "mask.cell_size", "mask.strategy", "model.patch_size", "data.image_size"].some(
        (key) => context.isSet(key),
      )
    )
      return;
    const severity = ["mask.rate", "mask.block_size", "mask.cell_size"].some((key) => context.isSet(key))
      ? "warning"
      : "info";
    yield {
      severity,
      at: ["mask.rate", "mask.block_size", "mask.cell_size", "model.patch_size", "data.image_size"],
      message: `${asked(context)} on ${aGrid(grid)} ${outcome(geometry)}. Use ${[...closerTile(mask, grid), `rate ${exact} if that is meant`].join(", or ")}.`,
      fix: { title: `Write the effective rate ${exact}`, set: { "mask.rate": exact } },
    };
  },
};

const almostAllHidden: Rule = {
  code: "MDM305",
  name: "almost-all-hidden",
  severity: "warning",
  explanation:
    "So few tokens stay visible (fewer than 4, or than 2 % of the grid) that pretraining can hardly learn how parts of an image relate to each other.",
  fix: "Writes the highest of the rates 0.9, 0.75 and 0.5 that leaves enough.",
  *check(context) {
    const { geometry, grid, mask } = context;
    if (!pretrains(context) || geometry === null || grid === null || geometry.tokens < 16) return;
    const { visibleTokens: S, tokens: N } = geometry;
    const isFew = (visible: number) => visible < 4 || visible < 0.02 * N;
    if (!isFew(S)) return;
    const what =
      S === 1
        ? "attention never sees two of them together, so only the law of single patches is learned"
        : `only relations among ${S} tokens at a time are learned`;
    const visibleAt = (rate: number) => geometryOf({ ...mask, cropSize: null, rate }, grid)?.visibleTokens ?? 0;
    const rate = [0.9, 0.75, 0.5].find((lower) => !isFew(visibleAt(lower))) ?? 0.5;
    yield {
      at: mask.cropSize !== null && mask.strategy === "crop" ? ["mask.crop_size"] : ["mask.rate", "mask.strategy"],
      message: `S = ${S} of ${N} tokens (${percent(S / N)}) stay${S === 1 ? "s" : ""} visible: ${what}. Rate ${rate} leaves ${visibleAt(rate)}.`,
      fix: {
        title: `Use rate ${rate}`,
        set: { "mask.rate": String(rate) },
        remove: setOnes(context, "mask.crop_size"),
      },
    };
  },
};

const cropAgainstRate: Rule = {
  code: "MDM306",
  name: "crop-against-rate",
  severity: "warning",
  explanation:
    "With `strategy: crop` a given `crop_size` decides and `rate` does not; the file gives both, and they differ by more than 0.01.",
  fix: "Writes the rate of that window; training does not change.",
  *check(context) {
    const { mask, grid, geometry } = context;
    if (!pretrains(context) || geometry === null || grid === null || mask.strategy !== "crop" || mask.cropSize === null)
      return;
    if (!context.isSet("mask.rate") || !differs(geometry.effectiveRate, mask.rate)) return;
    const hidden = geometry.tokens - geometry.visibleTokens;
    const exact = exactRate(mask, grid);
    yield {
      at: ["mask.crop_size"],
      message: `mask.crop_size ${mask.cropSize} hides ${hidden} of ${geometry.tokens} tokens, a rate of ${share(geometry.effectiveRate)}, but mask.rate asks for ${mask.rate}; crop_size decides. Rate ${mask.rate} would be crop_size ${cropSizeForRate(mask.rate, geometry.tokens)}.`,
      fix: { title: `Write rate: ${exact}`, set: { "mask.rate": exact } },
    };
  },
};

const unusedMaskKey: Rule = {
  code: "MDM307",
  name: "unused-mask-key",
  severity: "warning",
  explanation:
    "A key of the mask that the strategy or mode does not read: `block_size` without `block`, `cell_size` without `stratified`, `crop_size` without `crop`, `rate` or `mode: route` with `none`, `route_from` without `route`, `fuse_blocks` without `fuse`. It suggests a masking that does not happen.",
  fix: "Removes the key.",
  *check(context) {
    const { mask } = context;
    if (!pretrains(context)) return;
    const unused = (key: string, message: string): Finding => ({
      at: [`mask.${key}`],
      message,
      fix: { title: `Remove ${key}`, remove: [`mask.${key}`] },
    });
    const { strategy } = mask;
    if (strategy !== "block" && context.isSet("mask.block_size"))
      yield unused(
        "block_size",
        `mask.block_size ${mask.blockSize} has no effect with strategy ${strategy}; only block reads it.`,
      );
    if (strategy !== "stratified" && context.isSet("mask.cell_size"))
      yield unused(
        "cell_size",
        `mask.cell_size ${mask.cellSize} has no effect with strategy ${strategy}; only stratified reads it.`,
      );
    if (strategy !== "crop" && mask.cropSize !== null)
      yield unused(
        "crop_size",
        `mask.crop_size ${mask.cropSize} has no effect with strategy ${strategy}; only crop reads it.`,
      );
    const { mode } = context.experiment.mask;
    for (const [key, reader] of [
      ["route_from", "route"],
      ["fuse_blocks", "fuse"],
    ] as const) {
      if (mode !== reader && context.isSet(`mask.${key}`))
        yield unused(key, `mask.${key} has no effect with mode ${mode}; only ${reader} reads it.`);
    }
    if (strategy === "none" && mode === "route")
      yield unused("mode", "mask.mode route has no effect with strategy none: no token is hidden.");
    if (strategy === "none" && mask.rate > 0 && context.isSet("mask.rate"))
      yield unused("rate", `mask.rate ${mask.rate} has no effect with strategy none: pretraining sees whole images.`);
  },
};

const rateZero: Rule = {
  code: "MDM308",
  name: "rate-zero",
  severity: "info",
  explanation:
    "`rate: 0` hides nothing, whatever the strategy: pretraining sees whole images. `strategy: none` says so plainly.",
  fix: "Writes `strategy: none` and removes the other keys.",
  *check(context) {
    const { mask, geometry } = context;
    // As a piece of a mask that changes it is plain enough.
    if (!pretrains(context) || mask.strategy === "none" || mask.rate !== 0 || context.pieces.length > 1) return;
    if (geometry !== null && geometry.visibleTokens < geometry.tokens) return;
    yield {
      at: ["mask.rate"],
      message: `mask.rate 0 hides nothing: strategy ${mask.strategy} is then the same as none, and pretraining costs as much per image as finetuning.`,
      fix: {
        title: "Use strategy none",
        set: { "mask.strategy": "none" },
        remove: setOnes(context, ...SHAPE_KEYS),
      },
    };
  },
};

const fewMasks: Rule = {
  code: "MDM309",
  name: "few-masks",
  severity: "info",
  explanation:
    "The strategy has fewer than 10 different masks on this grid, so pretraining sees the same few views of each image over and over.",
  fix: null,
  *check(context) {
    const { geometry, grid } = context;
    if (!pretrains(context) || geometry === null || grid === null || grid < 3) return;
    if (geometry.strategy === "none" || geometry.visibleTokens === geometry.tokens) return;
    const masks = maskCount(geometry);
    if (masks >= 10) return;
    const [c, side] = [geometry.cropSize, geometry.tileSize];
    const [what, makes, advice] =
      geometry.strategy === "crop"
        ? [`a window of ${c} x ${c} tokens`, "makes", "smaller windows have"]
        : geometry.strategy === "stratified"
          ? [`cells of ${side} x ${side}`, "make", "a rate nearer to 0.5 has"]
          : [`blocks of ${side} x ${side}`, "make", "smaller blocks have"];
    yield {
      at: ["mask.block_size", "mask.cell_size", "mask.crop_size", "mask.rate", "mask.strategy"],
      message: `On ${aGrid(grid)} ${what} at this rate ${makes} only ${plural(masks, "different mask")}; ${advice} more.`,
    };
  },
};

export const MASK_RULES: readonly Rule[] = [
  ...[blockDividesGrid, cropFitsGrid, nothingHidden, effectiveRate, almostAllHidden, cropAgainstRate, fewMasks].map(
    ofEveryPiece,
  ),
  unusedInAllPieces(unusedMaskKey),
  rateZero,
];
