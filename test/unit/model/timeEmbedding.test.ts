import { expect, it } from "vitest";
import { timeEmbedding } from "../../../src/core/model/timeEmbedding.ts";

it("gives each timestep its row, wherever it stands and however often", () => {
  const [width, half] = [12, 6];
  const timesteps = [7, 999, 7, 0, 999, 7];
  const expected = timesteps.flatMap((t) => {
    const angles = Array.from({ length: half }, (_, i) => t * Math.exp((-Math.log(10_000) * i) / half));
    return [...angles.map(Math.cos), ...angles.map(Math.sin)];
  });
  expect(timeEmbedding(Int32Array.from(timesteps), width)).toEqual(Float32Array.from(expected));
});
