/** Masks that change over pretraining: the one place that knows which mask holds at which step, and where a border is. */
import type { Stage } from "../random/streams.ts";
import { geometryOf, type MaskConfig, type MaskGeometry, type MaskKeys, maskConfig } from "./masks.ts";

/** One entry of the list that `mask.rate` may be; what is left out is the section's. */
export type RatePiece = { readonly [K in keyof MaskKeys]?: MaskKeys[K] | undefined } & {
  readonly rate: number;
  /** where it ends: a step that it no longer holds at, or, below 1, a share of the stage's steps */
  readonly until?: number | undefined;
};

/** The section `mask` of an experiment file. */
export type MaskSection = Omit<MaskKeys, "rate"> & { readonly rate: number | readonly RatePiece[] };

/** Steps of a stage that have one mask. */
export interface MaskPiece {
  /** what messages call it: `mask.rate[1]`, or `mask.rate` where there is one mask for all steps */
  readonly name: string;
  /** its first step, counted from 0 */
  readonly from: number;
  /** the step behind its last one; the last piece also holds behind the stage's end */
  readonly until: number;
  readonly config: MaskConfig;
}

/** A piece with what its mask comes to on the grid. */
export interface StageMask extends MaskPiece {
  readonly geometry: MaskGeometry;
}

/**
 * The pieces of a stage in their order: one or more in pretraining, one without a mask in finetuning. Borders that do not ascend come
 * out as they were asked for (lint refuses them): such a piece has no step.
 * @param steps of the stage
 */
export function maskPieces(mask: MaskSection, stage: Stage, steps: number): MaskPiece[] {
  const { rate, ...section } = mask;
  const whole = { name: "mask.rate", from: 0, until: steps };
  if (stage === "finetune") return [{ ...whole, config: maskConfig({ ...section, rate: 0, strategy: "none" }) }];
  if (typeof rate === "number") return [{ ...whole, config: maskConfig({ ...section, rate }) }];
  let from = 0;
  return rate.map((entry, i) => {
    const until = i === rate.length - 1 ? steps : borderStep(entry.until ?? steps, steps);
    const own = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
    const piece = { name: pieceName(i), from, until, config: maskConfig({ ...section, rate: entry.rate, ...own }) };
    from = until;
    return piece;
  });
}

/** What messages call an entry of the list. */
export const pieceName = (index: number): string => `mask.rate[${index}]`;

/** The step of a border: a share is rounded to the nearest step, and never to the first one. */
export const borderStep = (until: number, steps: number): number =>
  until < 1 ? Math.max(1, Math.round(until * steps)) : until;

/** The pieces with their geometry; null where one of them does not fit a grid of g x g tokens. */
export function onGrid(pieces: readonly MaskPiece[], gridSize: number): StageMask[] | null {
  const placed = pieces.flatMap((piece) => {
    const geometry = geometryOf(piece.config, gridSize);
    return geometry === null ? [] : [{ ...piece, geometry }];
  });
  return placed.length === pieces.length ? placed : null;
}

/** The piece that a step belongs to, of all pieces of a stage. */
export function pieceAt<P extends Pick<MaskPiece, "until">>(pieces: readonly P[], step: number): P {
  return pieces.find(({ until }) => step < until) ?? pieces.at(-1)!;
}

/** Sum of what a step of each piece comes to, over the steps from one on; the last piece holds to the end, wherever that is. */
export const sumOverSteps = <P extends Pick<MaskPiece, "from" | "until">>(
  pieces: readonly P[],
  from: number,
  end: number,
  ofStep: (piece: P, index: number) => number,
): number =>
  pieces.reduce((sum, piece, i) => {
    const until = i === pieces.length - 1 ? end : Math.min(piece.until, end);
    return sum + Math.max(0, until - Math.max(piece.from, from)) * ofStep(piece, i);
  }, 0);

/** The piece that begins at a step, with another mask than the step before had; null where none does. */
export function pieceFrom<P extends MaskPiece>(pieces: readonly P[], step: number): P | null {
  return pieces.find(({ from }) => step > 0 && step === from) ?? null;
}

/** The pieces that are over when a number of steps is done. */
export const piecesOver = (pieces: readonly MaskPiece[], done: number): MaskPiece[] =>
  pieces.slice(0, -1).filter(({ until }) => until <= done);

/** "mask.rate[1], steps 1000 to 1999: S = 32 of 64 tokens" */
export const pieceText = (piece: StageMask): string =>
  `${piece.name}, ${stepsText(piece)}: S = ${piece.geometry.visibleTokens} of ${piece.geometry.tokens} tokens`;

/** "steps 1000 to 1999" */
export const stepsText = ({ from, until }: Pick<MaskPiece, "from" | "until">): string =>
  until - from > 1 ? `steps ${from} to ${until - 1}` : until > from ? `step ${from}` : "no step";
