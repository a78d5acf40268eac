/** The sample grids that a run draws of itself while it trains. */
import { basename, dirname } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Stage } from "../../core/random/streams.ts";
import { drawingOf } from "../../core/run/drawing.ts";
import { gridPages } from "../../core/run/gridPages.ts";
import { parseSampleName } from "../../core/run/sampleNames.ts";
import { namesIn } from "../../node/run/files.ts";
import type { EngineClient } from "../engine/client.ts";
import type { EngineFacts } from "../engine/messages.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { DrawingFiles } from "../sample/drawingFiles.ts";
import { drawSamples } from "../sample/drawSamples.ts";
import { drawToFiles } from "../sample/drawToFiles.ts";
import { betweenSteps } from "./betweenSteps.ts";
import type { StopRequest } from "./stopRequest.ts";

export interface StepSamplesParts {
  readonly experiment: Experiment;
  readonly stage: Stage;
  readonly run: RunWriter;
  readonly engine: EngineClient;
  readonly facts: EngineFacts;
  readonly stop: StopRequest;
  /** a line for the user */
  readonly note: (line: string) => void;
}

export class StepSamples {
  constructor(private readonly parts: StepSamplesParts) {}

  /** Whether the grid of a step is there to its last page. */
  has(step: number): boolean {
    const path = this.parts.run.samplePath(step);
    const stem = basename(path, ".png");
    return namesIn(dirname(path)).some((name) => {
      const sample = parseSampleName(name);
      return sample?.stem === stem && (sample.page === null || sample.page.number === sample.page.of);
    });
  }

  /** Draws the grid of a step into the run folder. @returns whether it is there now; @throws as betweenSteps does */
  async write(step: number): Promise<boolean> {
    const drawn = await betweenSteps(this.parts, `samples of step ${step}`, "drawn", () => this.draw(step));
    return drawn !== null;
  }

  private async draw(step: number): Promise<true> {
    const { experiment, stage, run, engine, facts, stop } = this.parts;
    const { data, model, sample, seed } = experiment;
    const drawing = drawingOf(experiment, {
      run: run.id,
      stage,
      step,
      weights: sample.weights,
      seed,
      label: model.num_classes === 0 ? null : "turns",
      backend: facts.backend,
      versions: { maskdm: packageJson.version, backend: facts.version },
    });
    const grid = gridPages({ count: sample.count, imageSize: data.image_size });
    const plan = { drawing, grid, trajectory: null, singleImages: false };
    await drawToFiles({
      plan,
      // A step that is trained again has other samples than it had, like its lines of metrics.
      files: new DrawingFiles(plan, run.samplePath(step), true),
      draw: (onStep) => drawSamples(engine, experiment, { sample, seed, labels: null, onStep }),
      onStep: () => stop.check(),
    });
    return true;
  }
}
