/** The sample grids that a run draws of itself while it trains. */
import { basename, dirname } from "node:path";
import { gridPages } from "../../core/run/gridPages.ts";
import { parseSampleName } from "../../core/run/sampleNames.ts";
import { namesIn } from "../../node/run/files.ts";
import { DrawingFiles } from "../sample/drawingFiles.ts";
import { drawSamples } from "../sample/drawSamples.ts";
import { drawToFiles } from "../sample/drawToFiles.ts";
import { betweenSteps, drawingAt, type StepParts } from "./betweenSteps.ts";

export class StepSamples {
  constructor(private readonly parts: StepParts) {}

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
    const { experiment, run, engine, stop } = this.parts;
    const { data, sample, seed } = experiment;
    const drawing = drawingAt(step, this.parts, experiment);
    const grid = gridPages({ count: sample.count, imageSize: data.image_size });
    const plan = { drawing, grid, trajectory: null, singleImages: false };
    await drawToFiles({
      plan,
      // A step that is trained again has other samples than it had, like its lines of metrics.
      files: new DrawingFiles(plan, run.samplePath(step), true),
      draw: (onStep) => drawSamples(engine, experiment, { sample, seed, drawing, onStep }),
      onStep: () => stop.check(),
    });
    return true;
  }
}
