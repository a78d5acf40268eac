import { describe, expect, it } from "vitest";
import { DivergenceGuard, lossOfNothing } from "../../../src/core/training/divergenceGuard.ts";

/** Feeds losses, of batches in which predicting nothing costs 0.5; returns whether each was calm and whether it ended as diverged. */
function watch(losses: readonly number[]): { calm: boolean[]; diverged: boolean } {
  const guard = new DivergenceGuard();
  const calm = losses.map((loss) => {
    guard.add(Float32Array.of(loss, loss), 0.5);
    return guard.isCalm;
  });
  return { calm, diverged: guard.hasDiverged };
}

const times = (count: number, loss: number): number[] => new Array<number>(count).fill(loss);

describe("the guard against divergence", () => {
  it("knows the loss of predicting nothing: the weighted mean of the squared targets", () => {
    const target = Float32Array.of(1, -1, 3, 1);
    const rest = {
      visibleTokens: 1,
      tokens: target,
      timesteps: new Int32Array(2),
      visible: new Int32Array(2),
      labels: null,
    };
    expect(lossOfNothing({ ...rest, batchSize: 2, target, weight: Float32Array.of(1, 0.5) })).toBe((1 + 0.5 * 5) / 2);
  });

  it("says nothing about losses below three times that, nor about single spikes, however high", () => {
    expect(watch(times(100, 1.49)).diverged).toBe(false);
    const spikes = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 1e9 : 0.2));
    expect(watch(spikes).diverged).toBe(false);
  });

  it("speaks when most of the last 20 steps were above it, and not before", () => {
    expect(watch([...times(50, 0.2), ...times(14, 2)]).diverged).toBe(false);
    expect(watch([...times(50, 0.2), ...times(15, 2)]).diverged).toBe(true);
    // A few lower ones between do not hide it.
    expect(watch([0.2, 9, 9, 9, 1, 9, 9, 9, 9, 1, 9, 9, 9, 9, 1, 9, 9, 9, 9]).diverged).toBe(true);
    expect(watch([...times(30, 1.51)]).diverged).toBe(true);
  });

  it("is calm again 20 steps after the last spike", () => {
    const { calm } = watch([0.2, 5, ...times(20, 0.2)]);
    expect(calm).toEqual([true, ...new Array<boolean>(20).fill(false), true]);
  });
});
