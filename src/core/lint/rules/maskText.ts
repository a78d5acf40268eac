/** Masks in words and numbers, for the messages of the mask rules. */
import { geometryOf, type MaskConfig, type MaskGeometry, tileSize } from "../../masks/masks.ts";
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

/** What tiles the grid, and the key of its side. */
interface Tile {
  readonly key: "block_size" | "cell_size";
  readonly plural: string;
}

export const tileOf = ({ strategy }: Pick<MaskConfig, "strategy">): Tile | null => {
  if (strategy === "block") return { key: "block_size", plural: "blocks" };
  return strategy === "stratified" ? { key: "cell_size", plural: "cells" } : null;
};

/** The mask with blocks or cells of another side, whichever it has. */
export const withTile = (mask: MaskConfig, side: number): MaskConfig => ({ ...mask, blockSize: side, cellSize: side });

/** Keys of which each strategy reads some. */
export const SHAPE_KEYS: readonly string[] = ["mask.rate", "mask.block_size", "mask.cell_size", "mask.crop_size"];

/** Sides of blocks and cells that tile the grid and can hide something; 1, and all of it, is what strategy patch is for. */
export const usefulTiles = (grid: number): number[] => divisors(grid).filter((b) => b > 1 && b < grid);

/** "mask.rate 0.9 with block_size 8", saying which of them the file leaves to the default. */
export function asked(context: LintContext): string {
  const { mask } = context;
  if (mask.strategy === "crop" && mask.cropSize !== null) return `mask.crop_size ${mask.cropSize}`;
  const rate = `mask.rate ${mask.rate}${byDefault(context, "mask.rate")}`;
  const tile = tileOf(mask);
  if (tile !== null) return `${rate} with ${tile.key} ${tileSize(mask)}${byDefault(context, `mask.${tile.key}`)}`;
  return mask.strategy === "crop" ? `${rate} with strategy crop` : rate;
}

export function outcome(geometry: MaskGeometry): string {
  const { strategy, tokens, visibleTokens, effectiveRate: rate, cropSize: c, askedRate } = geometry;
  const hidden = tokens - visibleTokens;
  const but = `the effective rate is ${share(rate)}, not ${askedRate}`;
  if (strategy === "crop")
    return `leaves a window of ${c} x ${c} tokens and hides ${hidden} of ${tokens}: ${but} (windows are square)`;
  const why =
    strategy === "stratified"
      ? "as many tokens of every cell"
      : `${strategy === "block" ? "blocks" : "tokens"} are hidden whole`;
  return `hides ${hidden} of ${tokens} tokens: ${but} (${why})`;
}

export function whyNothing(mask: MaskConfig, tokens: number): string {
  const wanted = Math.floor(mask.rate * tokens);
  if (mask.strategy === "block") {
    const area = mask.blockSize ** 2;
    return `: ${plural(wanted, "token")} ${wanted === 1 ? "is" : "are"} asked for, less than one block of ${area}`;
  }
  if (mask.strategy === "stratified") return `: ${mask.rate} of the ${mask.cellSize ** 2} of a cell is less than one`;
  if (mask.strategy === "crop") return ": the window covers the whole grid";
  return `: ${mask.rate} of them is less than one`;
}

/** The smallest rate, in steps of 0.0001, at which the strategy hides something. */
export function least(mask: MaskConfig, grid: number): string {
  const tokens = grid * grid;
  let rate = tileSize(mask) ** 2 / tokens;
  if (mask.strategy === "stratified") rate = 1 / mask.cellSize ** 2;
  if (mask.strategy === "crop") rate = 1 - (grid - 0.5) ** 2 / tokens;
  return String(Math.ceil(rate * 1e4 - 1e-6) / 1e4);
}

/** Blocks get nearer to a rate the smaller they are, cells the larger: the sides to try, nearest to what is there first. */
export function otherTiles(mask: MaskConfig, grid: number): number[] {
  const side = tileSize(mask);
  if (mask.strategy === "block")
    return usefulTiles(grid)
      .filter((b) => b < side)
      .reverse();
  return mask.strategy === "stratified" ? usefulTiles(grid).filter((n) => n > side) : [];
}

/** The first other side with a rate within the tolerance, else the one that comes nearest, if any comes nearer. */
export function closerTile(mask: MaskConfig, grid: number): string[] {
  const tile = tileOf(mask);
  const distance = (side: number) => Math.abs(effective(withTile(mask, side), grid) - mask.rate);
  const others = otherTiles(mask, grid);
  const close = others.find((side) => isClose(withTile(mask, side), grid));
  const best = close ?? others.sort((a, b) => distance(a) - distance(b))[0];
  if (tile === null || best === undefined || distance(best) >= distance(tileSize(mask))) return [];
  return [`${tile.key} ${best} for ${share(effective(withTile(mask, best), grid))}`];
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
  const { strategy, gridSize: g, cropSize: c, tileSize: side, tokens, visibleTokens } = geometry;
  if (strategy === "crop") return (g - c + 1) ** 2;
  const tiles = tokens / (side * side);
  if (strategy !== "stratified") return choices(tiles, visibleTokens / (side * side));
  return Math.min(1e6, choices(side * side, visibleTokens / tiles) ** tiles);
}

/** places over visible, or more than a million */
function choices(places: number, visible: number): number {
  const few = Math.min(visible, places - visible);
  let ways = 1;
  for (let i = 1; i <= few && ways < 1e6; i++) ways = (ways * (places - few + i)) / i;
  return ways;
}
