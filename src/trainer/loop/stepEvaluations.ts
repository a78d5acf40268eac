/** The evaluations that a run makes of itself while it trains. */
import { short } from "../../core/numbers.ts";
import type { StepMetrics } from "../../core/run/metrics.ts";
import type { Dataset } from "../data/dataset.ts";
import { measuredImages } from "../evaluation/measuredImages.ts";
import { betweenSteps, drawingAt, type StepParts } from "./betweenSteps.ts";

export interface StepEvaluationsParts extends StepParts {
  readonly dataset: Dataset;
  /** of the decoded images */
  readonly cacheDir: string;
  readonly threads: number;
}

export class StepEvaluations {
  constructor(private readonly parts: StepEvaluationsParts) {}

  /**
   * Draws samples with the averaged weights, measures them as `maskdm evaluate` does and adds what was found to evaluations.jsonl.
   * @param anew the step was trained just now: samples that are there are of other weights
   * @param onProgress such as "evaluating: drawing 64 of 200"
   * @returns for the step's line; null where it was given up or failed
   * @throws as betweenSteps does
   */
  evaluate(
    step: number,
    anew: boolean,
    onProgress: (text: string) => void,
  ): Promise<Pick<StepMetrics, "kid" | "kidError"> | null> {
    const { experiment, stage, run, dataset, cacheDir, threads, engine, stop, chosen } = this.parts;
    return betweenSteps(this.parts, `evaluation of step ${step}`, "made", async () => {
      // Most runs are not evaluated, and need not load ONNX Runtime for it.
      const [{ evaluateSamples, withSpaces }, { drawnSamples, pagesByEngine }] = await Promise.all([
        import("../evaluation/evaluateSamples.ts"),
        import("../evaluation/drawnSamples.ts"),
      ]);
      const showProgress = (part: string, done: number, total: number): void => {
        stop.check();
        onProgress(`evaluating: ${part} ${done} of ${total}`);
      };
      const count = experiment[stage].evaluate_samples;
      const averaged = { ...experiment, sample: { ...experiment.sample, count, weights: "ema" as const } };
      const drawing = drawingAt(step, this.parts, averaged);
      const drawPages = pagesByEngine({ engine, experiment: averaged, check: () => stop.check() });
      return withSpaces(undefined, threads, async (spaces) => {
        const samples = await drawnSamples({ runDir: run.dir, drawing, anew, drawPages }, (done) =>
          showProgress("drawing", done, count),
        );
        const say = (line: string): void => run.log(line);
        const images = measuredImages(dataset, chosen);
        const request = { runDir: run.dir, experiment, dataset: images, samples, spaces, cacheDir, say };
        const { kid } = await evaluateSamples(request, showProgress);
        run.log(`evaluation of step ${step}: KID ${short(kid.value)} ± ${short(kid.standardError)}`);
        return { kid: kid.value, kidError: kid.standardError };
      });
    });
  }
}
