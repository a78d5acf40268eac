/** What becomes of hidden tokens: networks too shallow for it, and what others measured. */
import { imageCost } from "../../cost/imageCost.ts";
import { maskPieces, onGrid } from "../../masks/schedule.ts";
import { backboneOf, isBuildable } from "../../model/backbones.ts";
import { isOwnNetwork } from "../../model/ownNetwork.ts";
import { modelShape, tokenCount } from "../../model/shape.ts";
import { mostDenseBlocks } from "../../model/sparse.ts";
import { percent, plural, share } from "../../numbers.ts";
import type { Finding, LintContext, Rule } from "../rule.ts";
import { ofEveryPiece } from "./maskPieces.ts";
import { pretrains, setOnes } from "./maskText.ts";

const emptyMiddle: Rule = {
  code: "MDM310",
  name: "empty-middle",
  severity: "error",
  explanation:
    "With mode `route` and `fuse` the blocks at both ends see all tokens. `mask.route_from` or `mask.fuse_blocks` leaves none in the middle, which is what a mask makes cheaper.",
  fix: "Writes the most that leaves one or two; `mode: drop` where the network has fewer than 3 blocks.",
  *check(context) {
    const { mode, route_from, fuse_blocks } = context.experiment.mask;
    // Only fuse is a part of the network that finetuning has, too.
    if (mode === "drop" || (mode === "route" && !pretrains(context))) return;
    const { backbone, depth } = context.experiment.model;
    if (isOwnNetwork(backbone)) return;
    const blocks = backboneOf({ backbone }).blocks(depth);
    const most = mostDenseBlocks(blocks);
    const [name, asked] = mode === "route" ? ["route_from", route_from] : ["fuse_blocks", fuse_blocks];
    const key = `mask.${name}`;
    if (most > 0 && (asked <= most || !context.isSet(key))) return;
    const network = `a network of ${plural(blocks, "block")}`;
    yield most === 0
      ? {
          at: ["mask.mode", "model.depth"],
          message: `mask.mode ${mode} needs a block at each end and one between them, but this is ${network}. Use a depth of at least 3, or mode drop.`,
          fix: { title: "Use mode drop", set: { "mask.mode": "drop" }, remove: setOnes(context, key) },
        }
      : {
          at: [key, "model.depth"],
          message: `${key} ${asked} leaves no block in the middle of ${network}: ${asked} at each end are all of them, or more. Use at most ${most}.`,
          fix: { title: `Use ${name} ${most}`, set: { [key]: String(most) } },
        };
  },
};

/** Up to here others found masks to save little. */
const FEW_TOKENS = 256;
/** A mask that leaves more of the work than this saves little. */
const LITTLE_SAVED = 0.5;

const fewTokens: Rule = {
  code: "MDM311",
  name: "mask-saves-little",
  severity: "info",
  explanation:
    "Images of 256 tokens or fewer, where hiding some saves little: it leaves more than half of a step's work, or hidden tokens are not dropped. Photoroom's PRX measured steps 4 % (route, half hidden) and 6 % (fuse, three quarters) quicker at 256 tokens, with worse images; at 1,024 tokens 1.23 and 1.42 times quicker, with better ones.",
  fix: null,
  *check(context) {
    const { grid, pieces, experiment } = context;
    const shape = modelShape(experiment);
    const masks = grid === null ? null : onGrid(pieces, grid);
    if (!pretrains(context) || masks === null || !isBuildable(shape)) return;
    // A mask that changes is meant to save less later.
    const S = Math.min(...masks.map(({ geometry }) => geometry.visibleTokens));
    const N = tokenCount(shape);
    if (N > FEW_TOKENS || S === N) return;
    const left = imageCost(shape, S).trainingFlops / imageCost(shape, N).trainingFlops;
    const { mode } = experiment.mask;
    if (mode === "drop" && left <= LITTLE_SAVED) return;
    const measured = mode === "drop" ? "" : " With 256 tokens others measured far less, and worse images.";
    yield {
      at: ["mask.mode", "mask.rate", "mask.strategy"],
      message: `An image has ${N} tokens, and a step does ${percent(left)} of the work of one without a mask: at best ${percent(1 - left)} is saved.${measured} More tokens, by a smaller patch_size or larger images, save more.`,
    };
  },
};

/** A rate above which others found a mode to be worse than none, or than below it. */
function tooHigh(mode: "route" | "fuse", most: number, measured: string) {
  return function* (context: LintContext): Generator<Finding> {
    const { geometry, experiment } = context;
    if (!pretrains(context) || geometry === null || experiment.mask.mode !== mode) return;
    const { effectiveRate: rate, askedRate, strategy } = geometry;
    // A window may hide somewhat more than it is asked to.
    const isWindow = strategy === "crop" && context.mask.cropSize !== null;
    if (rate <= most || (askedRate <= most && !isWindow)) return;
    yield {
      at: ["mask.rate", "mask.crop_size", "mask.mode"],
      message: `mask.mode ${mode} with ${share(rate)} of the tokens hidden: ${measured}. Use at most ${most}.`,
      fix: {
        title: `Use rate ${most}`,
        set: { "mask.rate": String(most) },
        remove: setOnes(context, "mask.crop_size"),
      },
    };
  };
}

const routeRate: Rule = {
  code: "MDM312",
  name: "route-rate",
  severity: "warning",
  explanation:
    "More than half of the tokens are routed around the middle blocks. TREAD (Krause et al. 2025) measured FID 21.3 with half of them, 49.3 with three quarters, and 43.5 without a route (DiT-B/2).",
  fix: "Writes a rate of 0.5.",
  check: tooHigh(
    "route",
    0.5,
    "others measured 0.75 to be worse than no mask at all (FID 49.3 against 43.5), and 0.5 best",
  ),
};

const fuseRate: Rule = {
  code: "MDM313",
  name: "fuse-rate",
  severity: "warning",
  explanation:
    "More than three quarters of the tokens are absent from the middle blocks. SPRINT (Park et al. 2025) measured FID 27.5 with three quarters, and 50.2 with 0.875 (SiT-B/2).",
  fix: "Writes a rate of 0.75.",
  check: tooHigh("fuse", 0.75, "others measured FID 50.2 at 0.875 where 0.75 gave 27.5"),
};

/** Share of all images that has to be seen whole. SPRINT's last tenth of the steps on all tokens gave back 94 %. */
const WHOLE = 0.1;

const fewWholeImages: Rule = {
  code: "MDM314",
  name: "few-whole-images",
  severity: "info",
  explanation:
    "Of the images that both stages of the file see, fewer than a tenth are whole ones. What hidden tokens cost is given back by steps on whole images: SPRINT's last tenth gave back 94 % of it.",
  fix: "Writes as many finetuning steps as make it a tenth.",
  *check(context) {
    const { grid, facts, experiment } = context;
    // One stage alone says nothing of what the other one is to be.
    if (facts.stage !== undefined || !context.isSet("finetune") || grid === null) return;
    const { mask, pretrain, finetune } = experiment;
    const masks = onGrid(maskPieces(mask, "pretrain", pretrain.steps), grid) ?? [];
    const stepsWith = (isWhole: boolean): number =>
      masks
        .filter(({ geometry }) => (geometry.visibleTokens === geometry.tokens) === isWhole)
        .reduce((sum, { from, until }) => sum + until - from, 0);
    const [maskedSteps, wholeSteps] = [stepsWith(false), stepsWith(true)];
    const masked = maskedSteps * pretrain.batch_size;
    const before = wholeSteps * pretrain.batch_size;
    const whole = before + finetune.steps * finetune.batch_size;
    if (whole >= WHOLE * (masked + whole)) return;
    const steps = Math.ceil(((masked * WHOLE) / (1 - WHOLE) - before) / finetune.batch_size);
    const inPretraining = wholeSteps > 0 ? `${wholeSteps} x ${pretrain.batch_size} of pretraining, and ` : "";
    yield {
      at: ["finetune.steps", "pretrain.steps", "finetune"],
      message: `Only ${percent(whole / (masked + whole))} of all images are seen whole: ${inPretraining}${finetune.steps} x ${finetune.batch_size} after ${maskedSteps} x ${pretrain.batch_size} masked ones. ${steps} steps of finetuning would make it a tenth.`,
      fix: { title: `Use finetune.steps ${steps}`, set: { "finetune.steps": String(steps) } },
    };
  },
};

export const HIDDEN_RULES: readonly Rule[] = [
  emptyMiddle,
  fewTokens,
  ...[routeRate, fuseRate].map(ofEveryPiece),
  fewWholeImages,
];
