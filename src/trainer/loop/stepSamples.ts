/** The sample grids that a run draws of itself while it trains. */
import { basename, dirname } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Stage } from "../../core/random/streams.ts";
import { drawingOf } from "../../core/run/drawing.ts";
import { gridPages } from "../../core/run/gridPages.ts";
import { parseSampleName } from "../../core/run/sampleNames.ts";
import { DiskError } from "../../node/run/diskError.ts";
import { namesIn } from "../../node/run/files.ts";
import { LockLostError } from "../../node/run/runLock.ts";
import type { EngineClient } from "../engine/client.ts";
import type { EngineFacts } from "../engine/messages.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { DrawingFiles } from "../sample/drawingFiles.ts";
import { drawToFiles } from "../sample/drawToFiles.ts";
import { drawSamples } from "./drawSamples.ts";
import type { StopRequest } from "./stopRequest.ts";

class SamplesGivenUp extends Error {}

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

  /**
   * Draws the grid of a step into the run folder. A stop does not wait for it: a resume draws what is missing. A grid that cannot be
   * drawn is no reason to end the run, and is told.
   * @throws UserError where the disk refuses, as it will refuse checkpoints, too; or where the run is another process's now
   */
  async write(step: number): Promise<void> {
    const { run, note } = this.parts;
    try {
      await this.draw(step);
    } catch (error) {
      if (error instanceof DiskError || error instanceof LockLostError) throw error;
      if (error instanceof SamplesGivenUp) {
        run.log(`samples of step ${step} given up for the stop; a resume draws them`);
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      const line = `samples of step ${step} could not be drawn, the run goes on: ${reason}`;
      run.log(line);
      note(line);
    }
  }

  private async draw(step: number): Promise<void> {
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
      onStep: () => {
        if (stop.reason !== null) throw new SamplesGivenUp();
      },
    });
  }
}
