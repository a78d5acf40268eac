/** The loss on held-out images that a run measures of itself while it trains. */
import { drawingBatch } from "../../core/diffusion/drawingBatch.ts";
import { type HeldOutLoss, heldOutLoss } from "../../core/training/heldOutLoss.ts";
import type { ImageView } from "../data/imageView.ts";
import { betweenSteps, type StepParts } from "./betweenSteps.ts";

export interface StepHeldOutParts extends StepParts {
  readonly images: ImageView;
}

export class StepHeldOut {
  constructor(private readonly parts: StepHeldOutParts) {}

  /** By the averaged weights, as samples and evaluations are drawn. @returns null where it was given up or failed; @throws as betweenSteps does */
  measure(step: number): Promise<HeldOutLoss | null> {
    const { experiment, images, engine, stop } = this.parts;
    return betweenSteps(this.parts, `held-out loss of step ${step}`, "measured", () =>
      heldOutLoss(experiment, images, drawingBatch(experiment), (tokens, timesteps, labels) => {
        stop.check();
        return engine.call("predict", { tokens, timesteps, labels, weights: "ema" });
      }),
    );
  }
}
