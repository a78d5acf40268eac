import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPngText, withPngText } from "../../../src/node/run/pngText.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-text-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pixels = Buffer.from([0, 50, 100, 150, 200, 250]);
const plain = () =>
  sharp(pixels, { raw: { width: 2, height: 1, channels: 3 } })
    .png()
    .toBuffer();
const write = (name: string, content: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe("text in a PNG", () => {
  it("is read back, beside other texts, and leaves the pixels as they are", async () => {
    const png = withPngText(withPngText(await plain(), "Software", "x"), "maskdm", '{"a":1}');
    const path = write("a.png", png);
    expect(readPngText(path, "maskdm")).toBe('{"a":1}');
    expect(readPngText(path, "Software")).toBe("x");
    expect(readPngText(path, "none")).toBe(null);
    expect([...(await sharp(png).raw().toBuffer())]).toEqual([...pixels]);
    const { comments } = await sharp(png).metadata();
    expect(comments).toContainEqual({ keyword: "maskdm", text: '{"a":1}' });
  });

  it("is none where there is no file, no PNG, or half a one", async () => {
    const png = withPngText(await plain(), "maskdm", "some text");
    for (const length of [0, 4, 20, 33, 40, 50]) {
      expect(readPngText(write(`cut-${length}.png`, png.subarray(0, length)), "maskdm")).toBe(null);
    }
    expect(readPngText(write("not.png", Buffer.from("no picture")), "maskdm")).toBe(null);
    expect(readPngText(join(folder, "missing.png"), "maskdm")).toBe(null);
    expect(readPngText(folder, "maskdm")).toBe(null);
  });
});
