/** What step k of a stage sees: images, flips, timesteps, masks and noise, as functions of (seed, stage, k) alone. */
import { drawTimestep, type TimestepConfig } from "../diffusion/drawTimestep.ts";
import { drawVisibleTokens, type MaskGeometry } from "../masks/masks.ts";
import { pieceAt, type StageMask } from "../masks/schedule.ts";
import { RandomStream, type Stage } from "../random/streams.ts";
import { ImageOrder } from "./order.ts";

export interface BatchPlanConfig {
  readonly seed: number;
  readonly stage: Stage;
  readonly batchSize: number;
  /** number of usable images */
  readonly datasetSize: number;
  /** how timesteps are drawn */
  readonly diffusion: TimestepConfig;
  /** pieces of the stage in their order, at least one; only `until` and `geometry` count */
  readonly masks: readonly Pick<StageMask, "until" | "geometry">[];
  /** probability of a horizontal flip */
  readonly hflip: number;
  /** probability that a label is replaced by the unconditional embedding; 0 without labels */
  readonly labelDropout: number;
}

export interface BatchPlan {
  readonly step: number;
  /** data set positions, [B] */
  readonly indices: Uint32Array;
  /** 1 = flipped left to right, [B] */
  readonly flips: Uint8Array;
  /** t in {0 … T-1}, [B] */
  readonly timesteps: Int32Array;
  /** 1 = label dropped, [B] */
  readonly droppedLabels: Uint8Array;
  /** visible token indices, ascending per image, [B * S] */
  readonly visible: Int32Array;
}

/** @see BatchPlanner.fillNoise */
export function fillTokenNoise(
  stream: RandomStream,
  visible: Int32Array,
  elements: number,
  out: Float32Array,
  offset: number,
): void {
  const blocksPerToken = Math.ceil(elements / 4);
  for (let i = 0; i < visible.length; i++) {
    stream.seek(visible[i]! * blocksPerToken).fillNormal(out, offset + i * elements, elements);
  }
}

/** Plans batches. */
export class BatchPlanner {
  private readonly order: ImageOrder;

  /** @param order the sequence of images, where one of the same seed, stage and data set is at hand */
  constructor(
    readonly config: BatchPlanConfig,
    order?: ImageOrder,
  ) {
    this.order = order ?? new ImageOrder(config.seed, config.stage, config.datasetSize);
  }

  /**
   * @param step counted from 0
   * @param count images planned, from the batch's first on: all of them for training
   */
  plan(step: number, count = this.config.batchSize): BatchPlan {
    const { batchSize, hflip, labelDropout, diffusion } = this.config;
    const geometry = this.geometry(step);
    const S = geometry.visibleTokens;
    const plan: BatchPlan = {
      step,
      indices: new Uint32Array(count),
      flips: new Uint8Array(count),
      timesteps: new Int32Array(count),
      droppedLabels: new Uint8Array(count),
      visible: new Int32Array(count * S),
    };
    for (let slot = 0; slot < count; slot++) {
      plan.indices[slot] = this.order.at(step * batchSize + slot);
      plan.timesteps[slot] = drawTimestep(this.stream("timestep", step, slot), diffusion);
      if (hflip > 0) plan.flips[slot] = this.stream("flip", step, slot).uniform() < hflip ? 1 : 0;
      if (labelDropout > 0)
        plan.droppedLabels[slot] = this.stream("labelDrop", step, slot).uniform() < labelDropout ? 1 : 0;
      plan.visible.set(this.mask(step, slot, geometry), slot * S);
    }
    return plan;
  }

  /** What the mask of a step comes to: the same at all steps of a piece. */
  geometry(step: number): MaskGeometry {
    return pieceAt(this.config.masks, step).geometry;
  }

  /**
   * The visible tokens of one image alone, ascending, [S].
   * @param geometry another mask than the step's
   */
  mask(step: number, slot: number, geometry = this.geometry(step)): Int32Array {
    return drawVisibleTokens(geometry, this.stream("mask", step, slot));
  }

  /**
   * Noise of one image's visible tokens. A token's noise does not depend on which other tokens are visible.
   * @param visible [S] token indices
   * @param elements p·p·C, values per token, in (p1, p2, C) order
   * @param out receives [S, elements] from `offset` on
   */
  fillNoise(
    step: number,
    slot: number,
    visible: Int32Array,
    elements: number,
    out: Float32Array,
    offset: number,
  ): void {
    fillTokenNoise(this.stream("noise", step, slot), visible, elements, out, offset);
  }

  private stream(stream: "mask" | "timestep" | "noise" | "flip" | "labelDrop", step: number, item: number) {
    const { seed, stage } = this.config;
    return new RandomStream({ seed, stage, stream, step, item });
  }
}
