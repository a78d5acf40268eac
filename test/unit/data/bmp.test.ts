/** Bitmaps against what Pillow reads from them (test/fixtures/images/make.py). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeBmp } from "../../../src/node/images/formats/bmp.ts";
import { FIXTURES, largestDifference } from "./testFolder.ts";

const FOLDER = join(FIXTURES, "bmp");
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".bmp"))
  .map((name) => name.slice(0, -4));
const MAX_PIXELS = 1e6;

describe("decodeBmp", () => {
  it("has fixtures of every depth", () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(16);
  });

  it.each(NAMES)("reads %s", async (name) => {
    const bitmap = decodeBmp(readFileSync(join(FOLDER, `${name}.bmp`)), MAX_PIXELS);
    const reference = await sharp(join(FOLDER, `${name}.png`))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([bitmap.width, bitmap.height]).toEqual([reference.info.width, reference.info.height]);
    // Pillow rounds 5 and 6 bits down, this decoder to the nearest.
    expect(largestDifference(bitmap.data, reference.data)).toBeLessThanOrEqual(name.startsWith("rgb5") ? 1 : 0);
  });

  it("scales 5 bits to the whole range", () => {
    const bytes = readFileSync(join(FOLDER, "rgb555.bmp"));
    bytes.fill(0xff, bytes.readUInt32LE(10));
    expect(new Set(decodeBmp(bytes, MAX_PIXELS).data)).toEqual(new Set([255]));
  });

  it.each(NAMES)("ends with an error wherever %s is cut, and never with a wrong picture of it", (name) => {
    const bytes = readFileSync(join(FOLDER, `${name}.bmp`));
    const whole = decodeBmp(bytes, MAX_PIXELS);
    for (let length = 2; length < bytes.length; length++) {
      let data: Uint8Array;
      try {
        ({ data } = decodeBmp(bytes.subarray(0, length), MAX_PIXELS));
      } catch (error) {
        expect((error as Error).message).not.toBe("");
        continue;
      }
      // Only padding or an end mark may be missing.
      expect(length).toBeGreaterThan(bytes.length - 4);
      expect(largestDifference(data, whole.data)).toBe(0);
    }
  });

  it("survives random bytes in the header and the pixels", () => {
    // A small fixed generator: the test is the same every time.
    let state = 12345;
    const next = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    let read = 0;
    for (let round = 0; round < 1500; round++) {
      const bytes = Buffer.from(readFileSync(join(FOLDER, `${NAMES[round % NAMES.length]}.bmp`)));
      for (let i = 0; i <= next(4); i++) bytes[2 + next(Math.min(bytes.length - 2, 120))] = next(256);
      try {
        const { width, height, data } = decodeBmp(bytes, MAX_PIXELS);
        expect(data.length).toBe(width * height * 4);
        read++;
      } catch (error) {
        expect((error as Error).message).toMatch(/^[a-z0-9]/);
        expect(error).not.toBeInstanceOf(TypeError);
      }
    }
    expect(read).toBeGreaterThan(100);
  });
});
