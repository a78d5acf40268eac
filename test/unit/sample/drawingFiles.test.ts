import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Drawing, drawingText, parseDrawing } from "../../../src/core/run/drawing.ts";
import { gridPages } from "../../../src/core/run/gridPages.ts";
import { trajectoryPages } from "../../../src/core/run/trajectory.ts";
import { readPngText } from "../../../src/node/run/pngText.ts";
import { requireRoom } from "../../../src/node/run/writableFolder.ts";
import {
  type DrawingFiles,
  type DrawingPlan,
  placeAtFile,
  placeInFolder,
} from "../../../src/trainer/sample/drawingFiles.ts";
import { drawToFiles } from "../../../src/trainer/sample/drawToFiles.ts";
import { requireOutFile } from "../../../src/trainer/sample/outFile.ts";

const SIZE = 4;
const DRAWING: Drawing = {
  formatVersion: 1,
  run: "a",
  stage: "pretrain",
  step: 40,
  weights: "ema",
  weightsCrc32: "01234567",
  sampler: "ddim",
  steps: 3,
  eta: 0.5,
  clip: true,
  seed: 7,
  count: 5,
  label: null,
  imageSize: SIZE,
  channels: 3,
  diffusion: { timesteps: 1000, schedule: "cosine", prediction: "v" },
  model: { patch_size: 2 },
  backend: "native",
  versions: { maskdm: "1.0.0" },
};
const NAME = "step-00000040-ddim-3-eta-0.5-seed-7-count-5";

let folder: string;
let notes: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-drawing-"));
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plan(change: Partial<Drawing> = {}, more: Partial<DrawingPlan> = {}): DrawingPlan {
  const drawing = { ...DRAWING, ...change };
  const grid = gridPages({ count: drawing.count, imageSize: SIZE });
  return { drawing, grid, trajectory: null, singleImages: false, ...more };
}

const place = (what: DrawingPlan, overwrite = false): DrawingFiles =>
  placeInFolder(what, folder, overwrite, (line) => notes.push(line));

/** Draws images of one value each, two at a time. */
async function draw(what: DrawingPlan, files: DrawingFiles, stopAfter = Number.POSITIVE_INFINITY): Promise<void> {
  const { count, steps } = what.drawing;
  const elements = SIZE * SIZE * 3;
  await drawToFiles({
    plan: what,
    files,
    draw: async function* (onStep) {
      for (let firstImage = 0; firstImage < count; firstImage += 2) {
        if (firstImage >= stopAfter) throw new Error("stopped");
        const size = Math.min(2, count - firstImage);
        const images = new Float32Array(size * elements).map((_, i) => (firstImage + Math.floor(i / elements)) / 10);
        for (let step = 0; step < steps; step++) {
          const times = { timestep: step, nextTimestep: step - 1 };
          await onStep({ firstImage, count: size, step, steps, ...times, xt: images, x0: images, xNext: images });
        }
        yield { firstImage, count: size, images };
      }
    },
    onStep: () => {},
  });
}

describe("the files of a drawing", () => {
  it("have names that tell drawings apart, and carry how they were drawn", async () => {
    const changes: Partial<Drawing>[] = [
      {},
      { label: 0 },
      { label: 1 },
      { count: 9 },
      { eta: 1 },
      { weights: "raw" },
      { clip: false },
      { seed: 8 },
      { steps: 4 },
      { sampler: "ancestral", eta: null },
      { step: 41 },
    ];
    for (const change of changes) await draw(plan(change), place(plan(change)));
    const names = readdirSync(folder);
    expect(names.length).toBe(changes.length);
    expect(names).toEqual(expect.arrayContaining([`${NAME}.png`, `${NAME}-label-1.png`, `${NAME}-raw.png`]));
    expect(notes).toEqual([]);
    const text = readPngText(join(folder, `${NAME}-label-1.png`), "maskdm")!;
    const shows = { kind: "grid", firstImage: 0, images: 5, columns: 3, page: 1, pages: 1 } as const;
    expect(parseDrawing(text)).toEqual({ ok: true, value: { ...DRAWING, label: 1, shows } });
  });

  it("replace the same drawing by the same bytes, and no other one", async () => {
    const path = join(folder, `${NAME}.png`);
    await draw(plan(), place(plan()));
    const before = readFileSync(path);
    await draw(plan(), place(plan()));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(notes).toEqual([]);

    // What no name tells: the noise schedule, or other weights at the same step.
    const other = plan({ diffusion: { ...DRAWING.diffusion, schedule: "linear" } });
    for (let time = 0; time < 2; time++) await draw(other, place(other));
    await draw(plan({ weightsCrc32: "89abcdef" }), place(plan({ weightsCrc32: "89abcdef" })));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual([`${NAME}-2.png`, `${NAME}-3.png`, `${NAME}.png`]);
    expect(notes[0]).toBe(
      `note: ${path} holds another drawing (diffusion.schedule cosine there, linear here); this one becomes ${NAME}-2.png`,
    );
  });

  it("leave a file that a user names as it is, whatever it holds, unless told to replace it", async () => {
    const out = join(folder, "mine.png");
    writeFileSync(out, "precious");
    expect(() => placeAtFile(plan(), out, false)).toThrow(
      `${out} exists and does not say how it was drawn and is left as it is. Choose another --out, or replace it with --overwrite.`,
    );
    expect(readFileSync(out, "utf8")).toBe("precious");
    await draw(plan(), placeAtFile(plan(), out, true));
    await draw(plan(), placeAtFile(plan(), out, false));
    expect(() => placeAtFile(plan({ seed: 8 }), out, false)).toThrow(/another drawing \(seed 7 there, 8 here\)/);
    mkdirSync(join(folder, "folder.png"));
    expect(() => placeAtFile(plan(), join(folder, "folder.png"), true)).toThrow(/is a folder/);
  });

  it("do not replace what came into being while they were drawn", async () => {
    const out = join(folder, "late.png");
    const files = placeAtFile(plan(), out, false);
    writeFileSync(out, "precious");
    await expect(draw(plan(), files)).rejects.toThrow(/has come there meanwhile and is left as it is/);
    expect(readFileSync(out, "utf8")).toBe("precious");
    expect(readdirSync(folder)).toEqual(["late.png"]);
  });

  it("are pages where one picture would be too large, also of the way there", async () => {
    const grid = { ...gridPages({ count: 2, imageSize: SIZE }), imagesPerPage: 2, pages: 3 };
    const way = trajectoryPages({ count: 5, columns: 3, size: SIZE, channels: 3 });
    const trajectory = { ...way, imagesPerPage: 2 * 3 * 4, pages: 2 };
    const what = plan({}, { grid, trajectory });
    await draw(what, placeAtFile(what, join(folder, "a.PNG"), false));
    expect(readdirSync(folder).sort()).toEqual([
      "a-page-1-of-3.PNG",
      "a-page-2-of-3.PNG",
      "a-page-3-of-3.PNG",
      "a-trajectory-page-1-of-2.PNG",
      "a-trajectory-page-2-of-2.PNG",
    ]);
    const shows = (name: string) => {
      const read = parseDrawing(readPngText(join(folder, name), "maskdm")!);
      return read.ok ? read.value.shows : read.reason;
    };
    expect(shows("a-page-3-of-3.PNG")).toMatchObject({ kind: "grid", firstImage: 4, images: 1, page: 3, pages: 3 });
    expect(shows("a-trajectory-page-2-of-2.PNG")).toMatchObject({ kind: "trajectory", firstImage: 4, images: 1 });
  });

  it("are single images, too, written as they are drawn; what was interrupted can be drawn again", async () => {
    const what = plan({}, { singleImages: true });
    const out = join(folder, "faces.png");
    await expect(draw(what, placeAtFile(what, out, false), 4)).rejects.toThrow("stopped");
    expect(readdirSync(join(folder, "faces")).sort()).toEqual(["00000.png", "00001.png", "00002.png", "00003.png"]);
    expect(readdirSync(folder)).toEqual(["faces"]);
    await draw(what, placeAtFile(what, out, false));
    expect(readdirSync(join(folder, "faces")).length).toBe(5);
    const { default: sharp } = await import("sharp");
    const { data, info } = await sharp(join(folder, "faces", "00003.png"))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, data[0]]).toEqual([SIZE, SIZE, 166]);

    // Images of a larger drawing must not stay among those of a smaller one, with or without --overwrite.
    const fewer = plan({ count: 3 }, { singleImages: true });
    expect(() => placeAtFile(fewer, out, false)).toThrow(/faces\.png holds another drawing \(count 5 there, 3 here/);
    expect(() => placeAtFile(fewer, out, true)).toThrow(/00003\.png is not of this drawing/);
  });

  it("know how many pixels they hold", () => {
    const { grid } = plan();
    const side = (images: number) => images * (SIZE * 16 + 2) + 2;
    expect(grid.scale).toBe(16);
    expect(place(plan()).pixelBytes).toBe(3 * side(3) * side(2));
    expect(place(plan({}, { singleImages: true })).pixelBytes).toBe(3 * side(3) * side(2) + 3 * 5 * SIZE * SIZE);
  });
});

describe("drawingText", () => {
  it("is ASCII, whatever a run is called", () => {
    const shows = { kind: "grid", firstImage: 0, images: 5, columns: 3, page: 1, pages: 1 } as const;
    const text = drawingText({ ...DRAWING, run: "läuft 🙂\n" }, shows);
    expect(text).toMatch(/^[ -~]+$/);
    expect(JSON.parse(text)).toMatchObject({ run: "läuft 🙂\n" });
  });
});

describe("what is looked at before drawing", () => {
  it("refuses an --out that is a folder or no PNG, and makes folders that are missing", () => {
    expect(() => requireOutFile(folder)).toThrow(/is a folder\. Name a file in it, such as .*samples\.png/);
    expect(() => requireOutFile(join(folder, "a.jpg"))).toThrow(/Name a file that ends in \.png/);
    expect(() => requireOutFile(join(folder, ".png"))).toThrow(/Name a file that ends in \.png/);
    const inside = join(folder, "new", "folder", "a.png");
    expect(requireOutFile(inside)).toBe(inside);
    expect(readdirSync(join(folder, "new", "folder"))).toEqual([]);
    writeFileSync(join(folder, "file"), "");
    expect(() => requireOutFile(join(folder, "file", "a.png"))).toThrow(/Cannot write .*: a file is in the way/);
    expect(basename(requireOutFile(join(folder, "a.PNG")))).toBe("a.PNG");
  });

  it("refuses what cannot fit on the disk", () => {
    expect(requireRoom(folder, 1000)).toBe(null);
    expect(() => requireRoom(folder, 2 ** 80)).toThrow(/may take up to .* in .*, where .* are free\. Make room/);
  });
});
