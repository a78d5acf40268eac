/** Files that are decoded at once: each failure has its own reason, and memory is bounded. */
import { setImmediate as turn } from "node:timers/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { FolderSource } from "../../../src/node/images/folderSource.ts";
import { BrokenImageError, type PixelSettings } from "../../../src/trainer/data/decodeImage.ts";
import { type Decoded, FileDecoder } from "../../../src/trainer/data/fileDecoder.ts";
import { plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

const SETTINGS: PixelSettings = { imageSize: 8, channels: 3, background: "#ffffff" };
const CERTAIN = "a damaged, cut short or unsupported PNG";

/** Files of their own names, and all of them decoded at once. */
async function decodeAll(decoder: FileDecoder, contents: readonly Uint8Array[]): Promise<Decoded[]> {
  const source = new FolderSource(temporaryFolder());
  writeFiles(source.path, Object.fromEntries(contents.map((content, i) => [`${i}`, content])));
  return Promise.all(contents.map((content, i) => decoder.decodeFile(source, { path: `${i}`, size: content.length })));
}

describe("FileDecoder", () => {
  /** Says what is wrong with an image as the library does: only when nothing else runs it is true. */
  const talkative = () => {
    let running = 0;
    let calls = 0;
    const decode = async (bytes: Buffer): Promise<Uint8Array> => {
      calls++;
      running++;
      await turn();
      const alone = running === 1;
      running--;
      throw new BrokenImageError(`${CERTAIN} (${alone ? bytes.toString() : "another's"})`, CERTAIN);
    };
    return { decode, calls: () => calls };
  };

  it("finds the reason of each failure while nothing else is decoded", async () => {
    const { decode } = talkative();
    const contents = Array.from({ length: 20 }, (_, i) => Buffer.from(`reason ${i}`));
    const results = await decodeAll(new FileDecoder(SETTINGS, decode), contents);
    expect(results).toEqual(contents.map((text) => ({ reason: `${CERTAIN} (${text})`, retry: false })));
  });

  it("looks into a bounded number of failures, and says of the others only what is certain", async () => {
    const { decode, calls } = talkative();
    const results = await decodeAll(new FileDecoder(SETTINGS, decode), Array(130).fill(Buffer.from("x")));
    expect(calls()).toBe(230);
    expect(results.filter((result) => "reason" in result && result.reason === CERTAIN)).toHaveLength(30);
  });

  it("takes the pixels where the second try gives them", async () => {
    let tries = 0;
    const decode = async (): Promise<Uint8Array> => {
      if (tries++ === 0) throw new BrokenImageError(`${CERTAIN} (no memory)`, CERTAIN);
      return new Uint8Array(3);
    };
    expect(await decodeAll(new FileDecoder(SETTINGS, decode), [Buffer.from("x")])).toMatchObject([
      { pixels: new Uint8Array(3) },
    ]);
  });

  it("gives real files that fail side by side the reasons that they have alone", async () => {
    const noise = sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: "#808080",
        noise: { type: "gaussian", mean: 128, sigma: 30 },
      },
    });
    const png = await noise.clone().png().toBuffer();
    const jpeg = await noise.clone().jpeg().toBuffer();
    const tiff = await noise.clone().tiff({ compression: "lzw" }).toBuffer();
    const webp = await noise.clone().webp().toBuffer();
    const cut = [png, jpeg, tiff, webp].map((file) => file.subarray(0, file.length >> 1));
    const alone: Decoded[] = [];
    for (const file of cut) alone.push(...(await decodeAll(new FileDecoder(SETTINGS), [file])));
    expect(new Set(alone.map((result) => JSON.stringify(result))).size).toBe(4);
    const mixed = Array.from({ length: 80 }, (_, i) => cut[i % 4]!);
    const results = await decodeAll(new FileDecoder(SETTINGS), mixed);
    results.forEach((result, i) => {
      expect(result).toEqual(alone[i % 4]);
    });
  });

  it("decodes large images one after the other, and small ones at once", async () => {
    // Its header alone: 16 bits and 10,000 x 10,000 pixels would be 800 MB.
    const large = Buffer.from(await plainPng("#102030"));
    large.writeUInt32BE(10_000, 16);
    large.writeUInt32BE(10_000, 20);
    large[24] = 16;
    const small = await plainPng("#102030");
    let running = 0;
    let most = 0;
    const decode = async (): Promise<Uint8Array> => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      return new Uint8Array(3);
    };
    await decodeAll(new FileDecoder(SETTINGS, decode), Array(8).fill(large));
    expect(most).toBe(1);
    await decodeAll(new FileDecoder(SETTINGS, decode), Array(8).fill(small));
    expect(most).toBeGreaterThan(1);
  });
});
