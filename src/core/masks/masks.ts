/** Masking strategies (method section 4): how many tokens a strategy can hide, and the draw of one mask. */
import { drawWithoutReplacement, type RandomStream } from "../random/streams.ts";

export type MaskStrategy = "patch" | "block" | "stratified" | "crop" | "none";

/** The keys of an experiment's mask that say which tokens are visible. */
export interface MaskKeys {
  readonly strategy: MaskStrategy;
  readonly rate: number;
  readonly block_size: number;
  readonly cell_size: number;
  readonly crop_size: number | null;
}

export const maskConfig = ({ strategy, rate, block_size, cell_size, crop_size }: MaskKeys): MaskConfig => ({
  strategy,
  rate,
  blockSize: block_size,
  cellSize: cell_size,
  cropSize: crop_size,
});

export interface MaskConfig {
  readonly strategy: MaskStrategy;
  /** asked share of hidden tokens, 0 <= rate < 1 */
  readonly rate: number;
  /** side of a block, in tokens (strategy block) */
  readonly blockSize: number;
  /** side of a cell, in tokens (strategy stratified) */
  readonly cellSize: number;
  /** side of the visible window, in tokens (strategy crop); null derives it from the rate */
  readonly cropSize: number | null;
}

/** What a mask configuration comes to on a grid of g x g tokens. */
export interface MaskGeometry {
  readonly strategy: MaskStrategy;
  /** g, tokens in a row */
  readonly gridSize: number;
  /** N, g² on a square */
  readonly tokens: number;
  /** S, visible tokens of every image */
  readonly visibleTokens: number;
  readonly askedRate: number;
  /** 1 - S/N */
  readonly effectiveRate: number;
  /** b for block, n for stratified: side of the squares that tile the grid; else 1 */
  readonly tileSize: number;
  /** c for crop, else g */
  readonly cropSize: number;
}

/**
 * Works out S and the effective rate.
 * @param rows of tokens, where the grid is no square
 * @throws RangeError where the strategy does not fit the grid (the lint reports the same before a run starts)
 */
export function maskGeometry(config: MaskConfig, gridSize: number, rows = gridSize): MaskGeometry {
  const tokens = gridSize * rows;
  const tile = tileSize(config);
  if (gridSize % tile !== 0 || rows % tile !== 0) {
    throw new RangeError(`${TILES[config.strategy]} of ${tile} tokens do not divide a grid of ${gridSize} tokens`);
  }
  const base = {
    strategy: config.strategy,
    gridSize,
    tokens,
    askedRate: config.rate,
    tileSize: tile,
    cropSize: gridSize,
  };
  const finish = (visibleTokens: number, extra: Partial<MaskGeometry> = {}): MaskGeometry => ({
    ...base,
    ...extra,
    visibleTokens,
    effectiveRate: 1 - visibleTokens / tokens,
  });
  switch (config.strategy) {
    case "none":
      return finish(tokens, { askedRate: 0 });
    case "patch":
      return finish(tokens - Math.floor(config.rate * tokens));
    case "block": {
      const area = tile * tile;
      return finish(tokens - Math.floor(Math.floor(config.rate * tokens) / area) * area);
    }
    case "stratified":
      return finish((tokens / (tile * tile)) * visiblePerCell(config.rate, tile));
    case "crop": {
      const c = config.cropSize ?? cropSizeForRate(config.rate, tokens);
      if (c > Math.min(gridSize, rows))
        throw new RangeError(`a window of ${c} tokens does not fit a grid of ${gridSize} tokens`);
      return finish(c * c, { cropSize: c });
    }
  }
}

const TILES: Readonly<Partial<Record<MaskStrategy, string>>> = { block: "blocks", stratified: "cells" };

/** Side of the squares that a strategy tiles the grid with, which must divide it; 1 where it has none. */
export function tileSize({ strategy, blockSize, cellSize }: MaskConfig): number {
  if (strategy === "stratified") return cellSize;
  return strategy === "block" ? blockSize : 1;
}

/** k = n² - floor(m n²), at least 1: the floor of the other strategies, taken in each cell. */
function visiblePerCell(rate: number, cellSize: number): number {
  const area = cellSize * cellSize;
  return Math.max(1, area - Math.floor(rate * area));
}

/** c = round(sqrt((1-m) N)), halves up, at least 1 (method section 4). */
export function cropSizeForRate(rate: number, tokens: number): number {
  return Math.max(1, Math.round(Math.sqrt((1 - rate) * tokens)));
}

/**
 * Draws one mask; every admissible mask is equally likely.
 * @returns the visible token indices (row * g + column), ascending, length S
 */
export function drawVisibleTokens(geometry: MaskGeometry, stream: RandomStream): Int32Array {
  const { gridSize: g, visibleTokens: count } = geometry;
  const rows = geometry.tokens / g;
  const visible = new Int32Array(count);
  switch (geometry.strategy) {
    case "none":
      for (let i = 0; i < count; i++) visible[i] = i;
      return visible;
    case "patch":
      visible.set(drawWithoutReplacement(stream, geometry.tokens, count));
      return visible.sort();
    case "block": {
      const b = geometry.tileSize;
      const blocksPerRow = g / b;
      const blocks = drawWithoutReplacement(stream, geometry.tokens / (b * b), count / (b * b));
      let i = 0;
      for (const block of blocks) {
        const row = Math.floor(block / blocksPerRow) * b;
        const column = (block % blocksPerRow) * b;
        for (let y = 0; y < b; y++) for (let x = 0; x < b; x++) visible[i++] = (row + y) * g + column + x;
      }
      return visible.sort();
    }
    case "stratified": {
      const n = geometry.tileSize;
      const perCell = (count * n * n) / geometry.tokens;
      let i = 0;
      for (let top = 0; top < rows; top += n) {
        for (let left = 0; left < g; left += n) {
          for (const place of drawWithoutReplacement(stream, n * n, perCell))
            visible[i++] = (top + Math.floor(place / n)) * g + left + (place % n);
        }
      }
      return visible.sort();
    }
    case "crop": {
      const c = geometry.cropSize;
      const top = stream.below(rows - c + 1);
      const left = stream.below(g - c + 1);
      let i = 0;
      for (let y = 0; y < c; y++) for (let x = 0; x < c; x++) visible[i++] = (top + y) * g + left + x;
      return visible;
    }
  }
}

/** maskGeometry, or null for masks that do not fit the grid. */
export function geometryOf(mask: MaskConfig, grid: number): MaskGeometry | null {
  if (grid % tileSize(mask) !== 0) return null;
  if (mask.strategy === "crop" && (mask.cropSize ?? 1) > grid) return null;
  return maskGeometry(mask, grid);
}
