/** The loss on held-out images that a run measures of itself while it trains. */
import { drawingBatch } from "../../core/diffusion/drawingBatch.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { type HeldOutLoss, heldOutLoss } from "../../core/training/heldOutLoss.ts";
import type { ImageView } from "../data/imageView.ts";
import type { EngineClient } from "../engine/client.ts";
import { betweenSteps, type Told } from "./betweenSteps.ts";
import type { StopRequest } from "./stopRequest.ts";

export interface StepHeldOutParts extends Told {
  readonly experiment: Experiment;
  readonly images: ImageView;
  readonly engine: EngineClient;
  readonly stop: StopRequest;
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
