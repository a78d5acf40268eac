/** The project's sampler, stopped and continued: one trajectory after the other in pieces of as many steps as asked for. */
import type { Experiment } from "../../src/core/experiment/schema.ts";
import type { EngineClient } from "../../src/trainer/engine/client.ts";
import { drawSamples } from "../../src/trainer/sample/drawSamples.ts";

export class TrajectoryWalk {
  private left = 0;
  /** ends the wait of the piece that is under way */
  private reached: (() => void) | null = null;
  /** lets the sampler go on */
  private goOn: (() => void) | null = null;
  private failed: ((error: unknown) => void) | null = null;

  constructor(
    private readonly engine: EngineClient,
    private readonly experiment: Experiment,
  ) {}

  /** Takes n steps. The sampler's own work after a step counts to that step. */
  async advance(n: number): Promise<void> {
    this.left = n;
    const done = new Promise<void>((resolve, reject) => {
      this.reached = resolve;
      this.failed = reject;
    });
    if (this.goOn) this.goOn();
    else void this.walkOn();
    this.goOn = null;
    await done;
  }

  /** Draws batch after batch; between two pieces it stands still inside `onStep`. */
  private async walkOn(): Promise<void> {
    const { engine, experiment } = this;
    try {
      for (let seed = 0; ; seed++) {
        await drawSamples(engine, experiment, {
          sample: experiment.sample,
          seed,
          drawing: { label: "turns" },
          onStep: () => this.pause(),
        });
      }
    } catch (error) {
      this.failed?.(error);
    }
  }

  private pause(): Promise<void> {
    if (--this.left > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.goOn = resolve;
      this.reached?.();
    });
  }
}
