/** Means over the steps since the last line of metrics. Its state goes into checkpoints, so that a resume writes the same lines. */
import * as z from "zod";
import { type StepMetrics, TIMESTEP_RANGES } from "../run/metrics.ts";

const zeros = () => Array.from({ length: TIMESTEP_RANGES }, () => 0);

const windowSchema = z.object({
  lossSum: z.number(),
  images: z.number(),
  rangeSums: z.array(z.number()).length(TIMESTEP_RANGES),
  rangeCounts: z.array(z.number()).length(TIMESTEP_RANGES),
});
type WindowState = z.output<typeof windowSchema>;

export class MetricsWindow {
  private state: WindowState = { lossSum: 0, images: 0, rangeSums: zeros(), rangeCounts: zeros() };

  /** @param totalTimesteps T */
  constructor(private readonly totalTimesteps: number) {}

  /** Adds the images of a step. */
  add(losses: Float32Array, timesteps: Int32Array): void {
    const { state } = this;
    losses.forEach((loss, b) => {
      const range = Math.floor((timesteps[b]! * TIMESTEP_RANGES) / this.totalTimesteps);
      state.lossSum += loss;
      state.images++;
      state.rangeSums[range]! += loss;
      state.rangeCounts[range]! += 1;
    });
  }

  /** The means, and an empty window. */
  take(): Pick<StepMetrics, "loss" | "lossByTimestep"> {
    const { lossSum, images, rangeSums, rangeCounts } = this.state;
    this.state = { lossSum: 0, images: 0, rangeSums: zeros(), rangeCounts: zeros() };
    return {
      loss: images > 0 ? lossSum / images : null,
      lossByTimestep: rangeSums.map((sum, i) => (rangeCounts[i]! > 0 ? sum / rangeCounts[i]! : null)),
    };
  }

  save(): WindowState {
    return structuredClone(this.state);
  }

  /** Takes up a saved state; anything else leaves the window empty. */
  restore(saved: unknown): void {
    const parsed = windowSchema.safeParse(saved);
    if (parsed.success) this.state = parsed.data;
  }
}
