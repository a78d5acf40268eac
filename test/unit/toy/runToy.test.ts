/** Whole runs of the 2-D picture, with the engine. */
import { describe, expect, it } from "vitest";
import { TOY_DRAWS, toyPoints } from "../../../src/core/toy/dataSets.ts";
import { toyDistances } from "../../../src/core/toy/distances.ts";
import { type ToyFrame, type ToyMessage, toyMessageSchema } from "../../../src/core/toy/messages.ts";
import { toyPicture } from "../../../src/core/toy/picture.ts";
import { DRAWN_POINTS, type ToySettings } from "../../../src/core/toy/settings.ts";
import { runToy } from "../../../src/trainer/toy/runToy.ts";

const SHORT: ToySettings = { set: "rings", steps: 40, noise: 0.1, seed: 5 };

async function messagesOf(settings: ToySettings): Promise<ToyMessage[]> {
  const messages: ToyMessage[] = [];
  await runToy(settings, (message) => messages.push(message));
  return messages;
}

const framesOf = (messages: readonly ToyMessage[]): ToyFrame[] =>
  messages.filter((message): message is ToyFrame => message.kind === "frame");

describe("a run of the toy", { timeout: 300_000 }, () => {
  it("says the same for the same seed, as many frames as it tells, and ends both ways at the same cost", async () => {
    const messages = await messagesOf(SHORT);
    expect(await messagesOf(SHORT)).toEqual(messages);
    const [start] = messages;
    if (start?.kind !== "start") throw new Error("it begins with its start");
    const frames = framesOf(messages);
    expect(frames.map(({ index }) => index)).toEqual(Array.from({ length: start.frames }, (_, i) => i));
    expect(messages.map((message) => toyMessageSchema.parse(JSON.parse(JSON.stringify(message))))).toEqual(messages);
    expect(toyPicture(start, frames)).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    expect(frames.at(-1)).toMatchObject({ stage: "finetune", step: SHORT.steps / 2, budget: SHORT.steps });
  });

  it("learns the marginals by masked pretraining, and the joint law by finetuning", async () => {
    const settings = { set: "moons", steps: 1200, noise: 0.1, seed: 1 } as const;
    const frames = framesOf(await messagesOf(settings));
    const primer = frames.findLast(({ stage }) => stage === "pretrain")!.staged.distances;
    const end = frames.at(-1)!;
    // By chance alone: draws of the target against each other.
    const chance = Array.from({ length: 20 }, (_, seed) => {
      const draw = (draw: number) => toyPoints({ ...settings, seed, draw, count: DRAWN_POINTS });
      return toyDistances(draw(TOY_DRAWS.reference), draw(TOY_DRAWS.others));
    });
    for (const axis of [0, 1] as const) {
      const tolerance = 3 * Math.max(...chance.map(({ marginals }) => marginals[axis]));
      expect(primer.marginals[axis]).toBeLessThan(tolerance);
      expect(frames[0]!.staged.distances.marginals[axis]).toBeGreaterThan(tolerance);
    }
    const noise = Math.max(...chance.map(({ energy }) => Math.abs(energy)));
    expect(primer.energy).toBeGreaterThan(end.staged.distances.energy + noise);
    expect(primer.energy).toBeGreaterThan(end.scratch.distances.energy + noise);
  });
});
