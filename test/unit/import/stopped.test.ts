/** `maskdm import` as a process that is asked to end while it writes. */
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { sizeOf } from "../../../src/core/model/graph/graph.ts";
import { METHOD_CHOICES, type ModelShape } from "../../../src/core/model/shape.ts";
import { writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { Workshop } from "../training/support.ts";

const shop = new Workshop();

/** 150 MB: its three sets take long enough to be met at work. */
const SHAPE: ModelShape = {
  ...METHOD_CHOICES,
  ...{ imageSize: 8, channels: 3, patchSize: 4, embedDim: 1024, depth: 3, numHeads: 16 },
};

const inRuns = (): string[] => (existsSync(shop.path("runs")) ? readdirSync(shop.path("runs")) : []);

it.skipIf(process.platform === "win32")("leaves nothing that would be in the way of the next import", async () => {
  const tensors = parameterSpecs(SHAPE).map(({ name, shape }) => ({
    name,
    shape: [...shape],
    data: new Float32Array(sizeOf(shape)).fill(0.5),
  }));
  writeSafetensors(shop.path("large.safetensors"), tensors, {});
  const args = ["import", "large.safetensors", "--run", "large"];

  const { child, ended } = shop.start(args);
  while (!inRuns().includes("large") && child.exitCode === null) await sleep(2);
  child.kill("SIGTERM");
  const stopped = await ended;
  expect(stopped, stopped.err).toMatchObject({ exitCode: 1, err: expect.stringContaining("nothing was imported") });
  expect(inRuns().filter((name) => !name.startsWith("."))).toEqual([]);
  expect(existsSync(shop.path("large.maskdm.yaml"))).toBe(false);

  const { out } = await shop.succeed(...args);
  expect(out).toBe("large.maskdm.yaml\nruns/large\n");
});
