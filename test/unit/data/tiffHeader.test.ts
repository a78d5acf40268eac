/** What a TIFF says of its samples, in both sizes of file. */
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readTiffHeader } from "../../../src/node/images/formats/tiffHeader.ts";
import { tiffFile } from "./tiffFile.ts";

describe("readTiffHeader", () => {
  it("reads classic TIFF and BigTIFF", async () => {
    const image = sharp({ create: { width: 30, height: 20, channels: 4, background: "#c83c28" } });
    for (const bigtiff of [false, true]) {
      const bytes = await image.clone().tiff({ compression: "lzw", bigtiff }).toBuffer();
      expect(bytes[2]).toBe(bigtiff ? 43 : 42);
      expect(readTiffHeader(bytes)).toMatchObject({
        width: 30,
        height: 20,
        compression: 5,
        photometric: 2,
        bitsPerSample: 8,
        samplesPerPixel: 4,
        planar: false,
        extraSamples: [2],
      });
    }
  });

  it("has the standard's values for what a file does not say", () => {
    expect(readTiffHeader(tiffFile({ samples: [1, 2, 3], photometric: 6 }))).toMatchObject({
      extraSamples: [],
      chromaSubsampling: [2, 2],
      lumaCoefficients: [0.299, 0.587, 0.114],
    });
  });

  it("is null where the file ends too early, wherever that is", () => {
    const bytes = tiffFile({ samples: [1, 2, 3, 4], photometric: 2, size: 2 });
    // The list of bits per sample lies behind the tags, at the very end.
    for (let length = 0; length < bytes.length; length++) expect(readTiffHeader(bytes.subarray(0, length))).toBeNull();
    expect(readTiffHeader(bytes)).not.toBeNull();
  });

  it("ends quickly with a directory that claims more than there is", () => {
    const bytes = tiffFile({ samples: [1], photometric: 1 });
    bytes.writeUInt16LE(65_535, bytes.readUInt32LE(4));
    expect(readTiffHeader(bytes)).toBeNull();
  });
});
