/**
 * The preview of a batch that follows changes of its experiment at once: what a change does not touch is kept from the preview
 * before. Planning, masks and noise are training's own, so every value is the one a step computes.
 */
import type { Experiment } from "../experiment/schema.ts";
import type { MaskGeometry } from "../masks/masks.ts";
import type { Stage } from "../random/streams.ts";
import type { AssembleContext } from "./assemble.ts";
import { batchContext } from "./context.ts";
import { ImageOrder } from "./order.ts";
import { drawHatch, drawImage, drawTokens, drawVisible, type Picture } from "./picture.ts";
import type { BatchPlan } from "./plan.ts";
import { addNoise } from "./preview.ts";
import { gatherTokens, gridSize, tokenElements } from "./tokens.ts";

export interface LivePreviewRequest {
  readonly experiment: Experiment;
  readonly stage: Stage;
  readonly datasetSize: number;
  /** counted from 0 */
  readonly step: number;
  /** images shown; at most those of the batch are */
  readonly count: number;
}

export type PreviewView = "original" | "masked" | "noised";

/** Noise kept between previews, in numbers (4 bytes each); larger batches draw theirs anew each time. */
const MAX_KEPT_NOISE = 2 ** 24;

export class LivePreview {
  readonly context: AssembleContext;
  /** of the images shown */
  readonly plan: BatchPlan;
  /** images shown */
  readonly count: number;
  /** of the step's mask */
  readonly geometry: MaskGeometry;
  /** S */
  readonly visibleTokens: number;
  private readonly order: ImageOrder;
  private readonly noise: NoiseMemory;

  /** @throws RangeError where the mask does not fit the grid, or there is no image */
  constructor(request: LivePreviewRequest, previous: LivePreview | null = null) {
    const { experiment, stage, datasetSize, step } = request;
    const { seed } = experiment;
    const order = previous?.order;
    this.order =
      order?.seed === seed && order.stage === stage && order.datasetSize === datasetSize
        ? order
        : new ImageOrder(seed, stage, datasetSize);
    this.context = batchContext(experiment, stage, datasetSize, this.order);
    const { planner, shape } = this.context;
    this.count = Math.min(request.count, planner.config.batchSize);
    this.plan = planner.plan(step, this.count);
    this.geometry = planner.geometry(step);
    this.visibleTokens = this.geometry.visibleTokens;
    const memory: NoiseMemory = {
      key: [seed, stage, step, tokenElements(shape), gridSize(shape)].join(),
      images: new Map(),
    };
    this.noise = previous?.noise.key === memory.key ? previous.noise : memory;
  }

  /** Visible token indices of an image, ascending, [S]. */
  visible(slot: number): Int32Array {
    return this.plan.visible.subarray(slot * this.visibleTokens, (slot + 1) * this.visibleTokens);
  }

  /**
   * x_t of the visible tokens, [S, p·p·C] in (p1, p2, C) order.
   * @param image uint8 [H, W, C], not flipped
   * @param timestep null: the plan's own
   */
  noisedTokens(slot: number, image: Uint8Array, timestep: number | null): Float32Array {
    const { shape, schedule } = this.context;
    const visible = this.visible(slot);
    const values = new Float32Array(visible.length * tokenElements(shape));
    gatherTokens(image, 0, shape, this.plan.flips[slot] === 1, visible, values, 0);
    addNoise(values, this.epsilon(slot), schedule.levels[timestep ?? this.plan.timesteps[slot]!]!);
    return values;
  }

  /** Draws one view of an image; parameters as for `noisedTokens`. */
  draw(view: PreviewView, slot: number, image: Uint8Array, timestep: number | null, out: Picture): void {
    const { shape } = this.context;
    const flip = this.plan.flips[slot] === 1;
    if (view === "original") drawImage(image, 0, shape, flip, out);
    else if (view === "masked") drawVisible(image, 0, shape, flip, this.visible(slot), out);
    else {
      drawHatch(shape.imageSize, out);
      drawTokens(this.noisedTokens(slot, image, timestep), this.visible(slot), shape, out);
    }
  }

  /** ε of the visible tokens, [S, p·p·C]; only those that were never visible before are drawn. */
  private epsilon(slot: number): Float32Array {
    const { planner, shape } = this.context;
    const elements = tokenElements(shape);
    const tokens = gridSize(shape) ** 2;
    const visible = this.visible(slot);
    const epsilon = new Float32Array(visible.length * elements);
    if (tokens * elements * this.count > MAX_KEPT_NOISE) {
      planner.fillNoise(this.plan.step, slot, visible, elements, epsilon, 0);
      return epsilon;
    }
    const { images } = this.noise;
    const kept = images.get(slot) ?? { values: new Float32Array(tokens * elements), known: new Uint8Array(tokens) };
    images.set(slot, kept);
    const single = new Int32Array(1);
    visible.forEach((token, i) => {
      const at = token * elements;
      if (kept.known[token] === 0) {
        single[0] = token;
        planner.fillNoise(this.plan.step, slot, single, elements, kept.values, at);
        kept.known[token] = 1;
      }
      epsilon.set(kept.values.subarray(at, at + elements), i * elements);
    });
    return epsilon;
  }
}

/** Noise of whole images, as far as it was drawn: that of a token does not depend on which others are visible. */
interface NoiseMemory {
  /** what the noise depends on */
  readonly key: string;
  readonly images: Map<number, { readonly values: Float32Array; readonly known: Uint8Array }>;
}
