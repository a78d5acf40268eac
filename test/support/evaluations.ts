/** Evaluations for tests and pictures. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Evaluation } from "../../src/core/run/evaluations.ts";
import { gridPicture } from "../../src/core/run/gridPicture.ts";
import type { Neighbours } from "../../src/core/run/neighbours.ts";
import { EVALUATIONS_FILE, neighboursJson, neighboursPicture } from "../../src/node/run/evaluations.ts";
import { encodePng } from "../../src/trainer/sample/encodePng.ts";

/** Pixels of an image. */
const SIZE = 16;

/** What `maskdm evaluate` could have written of a run, but for what a test is about. */
export const madeUpEvaluation = (change: Partial<Evaluation> = {}): Evaluation => ({
  type: "evaluation",
  time: "2026-01-02T03:04:05.000Z",
  run: "a",
  stage: "pretrain",
  step: 2000,
  weights: "ema",
  samples: 1000,
  seed: 0,
  sampler: "ddim",
  samplerSteps: 100,
  eta: 0,
  drawn: "0123456789abcdef",
  trainingImages: 600,
  trainingImagesOf: 600,
  heldOutImages: 60,
  data: "fedcba9876543210",
  space: "efficientnet-lite0",
  spaceVersion: "1",
  kid: { value: 0.0123, standardError: 0.0014, low: 0.0096, high: 0.015 },
  kidHeldOut: { value: 0.0161, standardError: 0.0021, low: 0.0121, high: 0.0204 },
  kidFloor: { value: 0.0004, standardError: 0.0006, against: "held-out images" },
  frechet: { distance: 31.4, components: 64 },
  precision: 0.72,
  recall: 0.41,
  density: 0.88,
  coverage: 0.65,
  look: {
    borderRatio: { value: 1.72, standardError: 0.031 },
    grain: { value: 2.4, standardError: 0.12 },
    flatBackground: null,
  },
  copying: {
    share: 0.032,
    near: 0.08,
    nearUnseen: 0.05,
    nearCopies: { share: 0.018, unseen: 0.004 },
    unseen: "held-out images",
    trainingImages: 600,
    space: "random-convolutions",
  },
  backend: "native",
  versions: { maskdm: "0.1.0", backend: "1" },
  ...change,
});

/** Appends evaluations to a run, as `maskdm evaluate` would; those that name pictures of nearest training images get some. */
export async function writeEvaluations(runDir: string, evaluations: readonly Evaluation[]): Promise<void> {
  for (const { drawn, neighbours, samples, copying } of evaluations) {
    if (neighbours === undefined) continue;
    const place = { dir: runDir, drawn, name: neighbours };
    mkdirSync(dirname(neighboursPicture(place)), { recursive: true });
    const pairs = Array.from({ length: 30 }, (_, i) => ({
      ...{ sample: (37 * i) % samples, image: `faces/${i}.png` },
      ...{ distance: 0.5 + 0.1 * i, ratio: i / 30, near: i < 4 },
    }));
    const images = new Float32Array(2 * pairs.length * SIZE * SIZE * 3);
    for (let i = 0; i < images.length; i++) {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % SIZE, Math.floor(i / 3 / SIZE) % SIZE];
      const [image, half] = [Math.floor(i / 3 / SIZE / SIZE / 2), Math.floor(i / 3 / SIZE / SIZE) % 2];
      // The further down the list, the less a sample is like its training image.
      const radius = 5 + (half * image) / 10;
      images[i] = Math.hypot(x - 7.5, y - 7.5) < radius ? Math.sin(image + 2 * c) : -0.8;
    }
    const grid = { images, count: 2 * pairs.length, imageSize: SIZE, channels: 3 };
    writeFileSync(neighboursPicture(place), await encodePng(gridPicture(grid, { columns: 10 })));
    const picture = { imageSize: SIZE, scale: 4, separator: 2, columns: 10 };
    const { trainingImages, space } = copying;
    const list: Neighbours = { formatVersion: 1, samples, trainingImages, space, usual: 50, picture, pairs };
    writeFileSync(neighboursJson(place), JSON.stringify(list));
  }
  appendFileSync(join(runDir, EVALUATIONS_FILE), evaluations.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
