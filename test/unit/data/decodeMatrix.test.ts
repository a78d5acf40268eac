/**
 * Images of every depth, colour type, profile and container against what Pillow and LittleCMS, or a calculation in floating point,
 * make of them. `test/python/decoding/matrix_cases.py` lists them, with a tolerance each and the reason for it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { decodeImage, type PixelSettings } from "../../../src/trainer/data/decodeImage.ts";
import { findPython } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { largestDifference, temporaryFolder } from "./testFolder.ts";

// A busy machine takes its time to start Python.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PYTHON_MODULES = ["numpy", "PIL.ImageCms"];
const SETTINGS: PixelSettings = { imageSize: 16, channels: 3, background: "#ff8000" };

const caseSchema = z.strictObject({
  name: z.string(),
  file: z.string(),
  expected: z.base64().nullable(),
  refused: z.string().nullable(),
  tolerance: z.number(),
  because: z.string(),
});
type MatrixCase = z.output<typeof caseSchema>;

const CONTAINERS = ["PNG", "TIFF", "JPEG", "WEBP", "GIF", "BMP", "AVIF", "PPM", "PNM", "PAM", "PFM"];

let folder = "";
let cases: readonly MatrixCase[] = [];
beforeAll(async () => {
  const python = findPython(PYTHON_MODULES);
  if (!python.found) return;
  folder = temporaryFolder();
  const task = { folder, background: [255, 128, 0], inkProfile: (await inkProfile()).toString("base64") };
  cases = z.array(caseSchema).parse(JSON.parse(runPython(python.command, "decoding/decode_matrix.py", task)));
});

/** The profile that libvips has for ink without one. */
async function inkProfile(): Promise<Buffer> {
  const image = sharp({ create: { width: 1, height: 1, channels: 3, background: "#808080" } });
  const { icc } = await sharp(await image.toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer()).metadata();
  return icc!;
}

describe("decodeImage against Pillow and LittleCMS", () => {
  for (const container of CONTAINERS) {
    it(container, async (test) => {
      requirePython(test, PYTHON_MODULES);
      const ofContainer = cases.filter(({ name }) => containerOf(name) === container);
      if (container === "AVIF" && ofContainer.length === 0) test.skip("this Pillow was built without AVIF");
      expect(ofContainer.length).toBeGreaterThan(0);
      const failures: string[] = [];
      for (const cell of ofContainer) failures.push(...(await problems(cell)));
      expect(failures).toEqual([]);
    });
  }

  it("has all cells in one of the containers", (test) => {
    requirePython(test, PYTHON_MODULES);
    expect(cases.length).toBeGreaterThan(300);
    expect(cases.filter(({ name }) => !CONTAINERS.includes(containerOf(name)))).toEqual([]);
  });
});

function containerOf(name: string): string {
  return name.split(" ")[0]!;
}

/** What is wrong with one cell, in words; nothing where it is as it should be. */
async function problems({ name, file, expected, refused, tolerance, because }: MatrixCase): Promise<string[]> {
  let pixels: Uint8Array;
  try {
    pixels = await decodeImage(readFileSync(join(folder, file)), SETTINGS);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refused !== null && new RegExp(refused).test(reason) ? [] : [`${name}: refused: ${reason}`];
  }
  if (expected === null) return [`${name}: decoded where it should be refused`];
  const difference = largestDifference(pixels, Buffer.from(expected, "base64"));
  return difference <= tolerance ? [] : [`${name}: off by ${difference}, allowed are ${tolerance} (${because})`];
}
