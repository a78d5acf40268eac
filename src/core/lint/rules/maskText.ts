/** Masks in words and numbers, for the messages of the mask rules. */
import { geometryOf, type MaskConfig, type MaskGeometry } from "../../masks/masks.ts";
import { divisors, plural, share } from "../../numbers.ts";
import type { LintContext } from "../rule.ts";

/** The effective rate may differ from the asked one by this much. */
const RATE_TOLERANCE = 0.01;

export const pretrains = (context: LintContext): boolean => context.facts.stage !== "finetune";

export const gridText = (grid: number): string => `${grid} x ${grid}`;

/** "a 16 x 16 grid", "an 8 x 8 grid" */
export const aGrid = (grid: number): string =>
  `${/^(8|11$|18$)/.test(String(grid)) ? "an" : "a"} ${gridText(grid)} grid`;

export const byDefault = (context: LintContext, path: string): string => (context.isSet(path) ? "" : " (the default)");

export const setOnes = (context: LintContext, ...paths: string[]): string[] =>
  paths.filter((path) => context.owns(path));

export const differs = (a: number, b: number): boolean => Math.abs(a - b) > RATE_TOLERANCE + 1e-9;

export const effective = (mask: MaskConfig, grid: number): number => geometryOf(mask, grid)?.effectiveRate ?? 0;

export const isClose = (mask: MaskConfig, grid: number): boolean => !differs(effective(mask, grid), mask.rate);

/** Block sizes that tile the grid and can hide something; 1 is what strategy patch is for. */
export const usefulBlocks = (grid: number): number[] => divisors(grid).filter((b) => b > 1 && b < grid);

/** "mask.rate 0.9 with block_size 8", saying which of them the file leaves to the default. */
export function asked(context: LintContext): string {
  const { mask } = context;
  if (mask.strategy === "crop" && mask.cropSize !== null) return `mask.crop_size ${mask.cropSize}`;
  const rate = `mask.rate ${mask.rate}${byDefault(context, "mask.rate")}`;
  if (mask.strategy === "block")
    return `${rate} with block_size ${mask.blockSize}${byDefault(context, "mask.block_size")}`;
  return mask.strategy === "crop" ? `${rate} with strategy crop` : rate;
}

export function outcome(geometry: MaskGeometry): string {
  const { strategy, tokens, visibleTokens, effectiveRate: rate, cropSize: c, askedRate } = geometry;
  const hidden = tokens - visibleTokens;
  const but = `the effective rate is ${share(rate)}, not ${askedRate}`;
  if (strategy === "crop")
    return `leaves a window of ${c} x ${c} tokens and hides ${hidden} of ${tokens}: ${but} (windows are square)`;
  return `hides ${hidden} of ${tokens} tokens: ${but} (${strategy === "block" ? "blocks" : "tokens"} are hidden whole)`;
}

export function whyNothing(mask: MaskConfig, tokens: number): string {
  const wanted = Math.floor(mask.rate * tokens);
  if (mask.strategy === "block") {
    const area = mask.blockSize ** 2;
    return `: ${plural(wanted, "token")} ${wanted === 1 ? "is" : "are"} asked for, less than one block of ${area}`;
  }
  if (mask.strategy === "crop") return ": the window covers the whole grid";
  return `: ${mask.rate} of them is less than one`;
}

/** The smallest rate, in steps of 0.0001, at which the strategy hides something. */
export function least(mask: MaskConfig, grid: number): string {
  const tokens = grid * grid;
  let rate = mask.strategy === "block" ? mask.blockSize ** 2 / tokens : 1 / tokens;
  if (mask.strategy === "crop") rate = 1 - (grid - 0.5) ** 2 / tokens;
  return String(Math.ceil(rate * 1e4 - 1e-6) / 1e4);
}

/** The largest smaller block with a rate within the tolerance, else the one that comes nearest, if any comes nearer. */
export function closerBlock(mask: MaskConfig, grid: number): string[] {
  if (mask.strategy !== "block") return [];
  const distance = (b: number) => Math.abs(effective({ ...mask, blockSize: b }, grid) - mask.rate);
  const smaller = usefulBlocks(grid).filter((b) => b < mask.blockSize);
  const close = smaller.filter((b) => isClose({ ...mask, blockSize: b }, grid)).at(-1);
  const best = close ?? smaller.sort((a, b) => distance(a) - distance(b) || b - a)[0];
  if (best === undefined || distance(best) >= distance(mask.blockSize)) return [];
  return [`block_size ${best} for ${share(effective({ ...mask, blockSize: best }, grid))}`];
}

/** A decimal, of four digits if possible, of which the effective rate is what the mask comes to now. */
export function exactRate(mask: MaskConfig, grid: number): string {
  const now = geometryOf(mask, grid);
  if (now === null) return String(mask.rate);
  for (let scale = 1e4; scale <= 1e12; scale *= 10) {
    for (const round of [Math.round, Math.ceil]) {
      const rate = round(now.effectiveRate * scale) / scale;
      if (rate < 1 && geometryOf({ ...mask, cropSize: null, rate }, grid)?.visibleTokens === now.visibleTokens)
        return String(rate);
    }
  }
  return String(now.effectiveRate);
}

/** How many masks a draw chooses from; above a million it stops counting. */
export function maskCount(geometry: MaskGeometry): number {
  const { strategy, gridSize: g, cropSize: c, blockSize: b, tokens, visibleTokens } = geometry;
  if (strategy === "crop") return (g - c + 1) ** 2;
  const places = tokens / (b * b);
  const visible = visibleTokens / (b * b);
  const few = Math.min(visible, places - visible);
  let masks = 1;
  for (let i = 1; i <= few && masks < 1e6; i++) masks = (masks * (places - few + i)) / i;
  return masks;
}
