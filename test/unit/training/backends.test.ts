/** The second backend trains the same as the first, and resumes as exactly. */
import { beforeAll, expect, it } from "vitest";
import { differences, learning, QUICK, recordOf, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const STEPS = "12";

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  const pretrain = { ...QUICK, micro_batch_size: 4, log_every: 1, sample_every: 6 };
  shop.experiment("tiny", tinyExperiment({ pretrain, sample: { count: 2, steps: 2 } }));
});

it("TensorFlow.js: losses as with ONNX Runtime, and the same bytes after a resume", async () => {
  const train = (id: string, backend: string, steps: string) =>
    shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", id, "--steps", steps, "--set", `engine.backend=${backend}`);
  await train("onnx", "onnx", STEPS);
  await train("tfjs", "tfjs", STEPS);
  await train("resumed", "tfjs", "7");
  await shop.succeed("resume", "resumed", "--steps", STEPS);

  expect(recordOf(shop.run("onnx")).backend).toBe("onnx");
  expect(recordOf(shop.run("tfjs")).backend).toMatch(/^tfjs/);
  expect(statusOf(shop.run("tfjs"))).toMatchObject({ state: "finished", step: 12 });
  const [onnx, tfjs] = ["onnx", "tfjs"].map((id) => learning(shop.run(id)));
  for (const [i, line] of tfjs!.entries()) expect(Math.abs(line.loss! - onnx![i]!.loss!)).toBeLessThan(1e-4);
  expect(differences(shop.run("tfjs"), shop.run("resumed"))).toEqual([]);
  expect(learning(shop.run("resumed"))).toEqual(learning(shop.run("tfjs")));
}, 120_000);
