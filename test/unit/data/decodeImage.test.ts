/** Every format and mode becomes the same 8-bit sRGB pixels. */
import sharp, { type Sharp, type SharpOptions } from "sharp";
import { describe, expect, it } from "vitest";
import { BrokenImageError, decodeImage, type PixelSettings } from "../../../src/trainer/data/decodeImage.ts";
import { gradient, largestDifference, rgbImage } from "./testFolder.ts";
import { tiffFile } from "./tiffFile.ts";

const SIZE = 16;
const SETTINGS: PixelSettings = { imageSize: SIZE, channels: 3, background: "#ff8000" };
const PICTURE = gradient(SIZE, SIZE);
const picture = () => rgbImage(PICTURE, SIZE, SIZE);

const luma = (r: number, g: number, b: number): number => Math.round(0.299 * r + 0.587 * g + 0.114 * b);

/** One value per pixel, as libvips makes it: the tests compare with what went in. */
const GREY = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 7) % 256);
const grey = () => sharp(GREY, { raw: { width: SIZE, height: SIZE, channels: 1 } });
const GREY_AS_RGB = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => GREY[Math.floor(i / 3)]!);

/** Colours that ink can print. */
const MUTED = PICTURE.map((value) => 90 + Math.round(value / 4));
const muted = () => rgbImage(MUTED, SIZE, SIZE);

/** Two frames, the picture first. */
function frames(): Sharp {
  const both = Buffer.concat([PICTURE, Buffer.alloc(PICTURE.length, 9)]);
  return sharp(both, { raw: { width: SIZE, height: SIZE * 2, channels: 3, pageHeight: SIZE } });
}

/** Few colours, so that a palette holds them all. */
const BLOCKS = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  return ((pixel % SIZE < 5 ? 1 : 2) * 60 + (pixel < 40 ? 40 : 0) + (i % 3) * 20) & 255;
});

/** Alpha falls from left to right. */
const ALPHA = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => 255 - 17 * (i % SIZE));
const RGBA = Uint8Array.from({ length: SIZE * SIZE * 4 }, (_, i) =>
  i % 4 === 3 ? ALPHA[i >> 2]! : PICTURE[3 * (i >> 2) + (i % 4)]!,
);
const rgba = () => sharp(RGBA, { raw: { width: SIZE, height: SIZE, channels: 4 } });
const COMPOSITED = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => {
  const alpha = ALPHA[Math.floor(i / 3)]! / 255;
  return Math.round(PICTURE[i]! * alpha + [255, 128, 0][i % 3]! * (1 - alpha));
});
/** A hole in the middle. */
const HOLED = Buffer.from(RGBA);
for (let i = 3; i < HOLED.length; i += 4) HOLED[i] = i > HOLED.length / 2 ? 0 : 255;
const HOLED_COMPOSITED = Buffer.from(PICTURE);
for (let i = 0; i < HOLED_COMPOSITED.length; i++) {
  if (HOLED[4 * Math.floor(i / 3) + 3] === 0) HOLED_COMPOSITED[i] = [255, 128, 0][i % 3]!;
}

const CASES: [name: string, bytes: () => Promise<Buffer>, expected: Uint8Array, tolerance: number][] = [
  ["PNG", () => picture().png().toBuffer(), PICTURE, 0],
  ["PNG, interlaced", () => picture().png({ progressive: true }).toBuffer(), PICTURE, 0],
  ["PNG, palette", () => rgbImage(BLOCKS, SIZE, SIZE).png({ palette: true }).toBuffer(), BLOCKS, 0],
  ["PNG, grey", () => grey().toColourspace("b-w").png().toBuffer(), GREY_AS_RGB, 0],
  ["PNG, 16 bit", () => picture().toColourspace("rgb16").png().toBuffer(), PICTURE, 0],
  ["PNG, 16 bit grey", () => grey().toColourspace("grey16").png().toBuffer(), GREY_AS_RGB, 0],
  ["PNG, alpha", () => rgba().png().toBuffer(), COMPOSITED, 1],
  ["PNG, 16 bit alpha", () => rgba().toColourspace("rgb16").png().toBuffer(), COMPOSITED, 1],
  ["PNG, fully transparent part", () => sharp(HOLED, rawRgba()).png().toBuffer(), HOLED_COMPOSITED, 0],
  ["JPEG", () => picture().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(), PICTURE, 4],
  ["JPEG, progressive", () => picture().jpeg({ quality: 100, progressive: true }).toBuffer(), PICTURE, 12],
  ["JPEG, grey", () => grey().toColourspace("b-w").jpeg({ quality: 100 }).toBuffer(), GREY_AS_RGB, 3],
  ["JPEG, CMYK", () => muted().toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer(), MUTED, 12],
  ["WebP, lossless", () => picture().webp({ lossless: true }).toBuffer(), PICTURE, 0],
  ["WebP, lossy", () => picture().webp({ quality: 100 }).toBuffer(), PICTURE, 16],
  ["WebP, alpha", () => rgba().webp({ lossless: true, exact: true }).toBuffer(), COMPOSITED, 1],
  ["WebP, animated", () => frames().webp({ lossless: true }).toBuffer(), PICTURE, 0],
  ["GIF", () => rgbImage(BLOCKS, SIZE, SIZE).gif().toBuffer(), BLOCKS, 8],
  ["GIF, transparent part", () => sharp(HOLED, rawRgba()).gif({ dither: 0 }).toBuffer(), HOLED_COMPOSITED, 40],
  ["GIF, animated", () => frames().gif({ dither: 0 }).toBuffer(), PICTURE, 40],
  ["TIFF", () => picture().tiff({ compression: "none" }).toBuffer(), PICTURE, 0],
  ["TIFF, LZW", () => picture().tiff({ compression: "lzw", predictor: "horizontal" }).toBuffer(), PICTURE, 0],
  ["TIFF, deflate, tiled", () => picture().tiff({ compression: "deflate", tile: true }).toBuffer(), PICTURE, 0],
  ["TIFF, BigTIFF", () => picture().tiff({ compression: "none", bigtiff: true }).toBuffer(), PICTURE, 0],
  ["TIFF, 16 bit", () => picture().toColourspace("rgb16").tiff({ compression: "none" }).toBuffer(), PICTURE, 0],
  ["TIFF, grey", () => grey().toColourspace("b-w").tiff({ compression: "lzw" }).toBuffer(), GREY_AS_RGB, 0],
  ["TIFF, CMYK", () => muted().toColourspace("cmyk").tiff({ compression: "none" }).toBuffer(), MUTED, 12],
  ["AVIF", () => picture().avif({ lossless: true, chromaSubsampling: "4:4:4" }).toBuffer(), PICTURE, 2],
  ["TIFF, alpha", () => rgba().tiff({ compression: "lzw" }).toBuffer(), COMPOSITED, 1],
];

function rawRgba(): SharpOptions {
  return { raw: { width: SIZE, height: SIZE, channels: 4 } };
}

describe("decodeImage", () => {
  it.each(CASES)("%s", async (_, bytes, expected, tolerance) => {
    const pixels = await decodeImage(await bytes(), SETTINGS);
    expect(largestDifference(pixels, expected)).toBeLessThanOrEqual(tolerance);
  });

  it("reads 16-bit samples over their whole range", async () => {
    const samples = Uint16Array.from({ length: SIZE * SIZE }, (_, i) => i * 257);
    const bytes = await sharp(samples, { raw: { width: SIZE, height: SIZE, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect(bytes[24]).toBe(16);
    const pixels = await decodeImage(bytes, { ...SETTINGS, channels: 1 });
    expect([...pixels]).toEqual(Array.from({ length: SIZE * SIZE }, (_, i) => i));
  });

  it("turns colours to grey by their luma, and leaves greys as they are", async () => {
    const one = { ...SETTINGS, channels: 1 as const };
    const colours = await decodeImage(await picture().png().toBuffer(), one);
    for (let i = 0; i < SIZE * SIZE; i++) {
      const expected = luma(PICTURE[3 * i]!, PICTURE[3 * i + 1]!, PICTURE[3 * i + 2]!);
      expect(Math.abs(colours[i]! - expected)).toBeLessThanOrEqual(1);
    }
    const greys = await decodeImage(await grey().toColourspace("b-w").png().toBuffer(), one);
    expect(largestDifference(greys, GREY)).toBe(0);
  });

  it("gives the same bytes every time", async () => {
    const bytes = await rgbImage(gradient(61, 37), 61, 37).jpeg().toBuffer();
    const first = Buffer.from(await decodeImage(bytes, SETTINGS));
    const again = await Promise.all(Array.from({ length: 8 }, () => decodeImage(bytes, SETTINGS)));
    for (const pixels of again) expect(first.equals(pixels)).toBe(true);
  });
});

describe("damaged bytes", () => {
  it("give a picture or a reason, never anything else", async () => {
    const sources = await Promise.all(CASES.filter(([name]) => !/CMYK|grey/.test(name)).map(([, bytes]) => bytes()));
    sources.push(tiffFile({ samples: [200, 60, 40, 7], photometric: 2, tags: { 338: [0] } }));
    sources.push(tiffFile({ samples: [200, 60, 40], photometric: 6, tags: { 530: [1, 1] } }));
    for (const kind of ["P2", "P6"]) sources.push(Buffer.from(`${kind} 4 4 255\n${"12 34 56 ".repeat(16)}`));
    // A small fixed generator: the test is the same every time.
    let state = 42;
    const below = (n: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % n;
    };
    const outcomes = { picture: 0, reason: 0 };
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(sources[round % sources.length]!);
      for (let i = 0; i <= below(4); i++) bytes[below(2) ? below(bytes.length) : below(64)] = below(256);
      const cut = below(8) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
      try {
        expect(await decodeImage(cut, SETTINGS)).toHaveLength(SIZE * SIZE * 3);
        outcomes.picture++;
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenImageError);
        expect((error as Error).message).toMatch(/^.+$/);
        outcomes.reason++;
      }
    }
    expect(outcomes.picture).toBeGreaterThan(20);
    expect(outcomes.reason).toBeGreaterThan(100);
  });
});

describe("geometry", () => {
  /** Three bands of pure colour. */
  const bands = async (width: number, height: number, vertical: boolean): Promise<Buffer> => {
    const data = Buffer.alloc(width * height * 3);
    for (let i = 0; i < width * height; i++) {
      const share = vertical ? Math.floor(i / width) / height : (i % width) / width;
      data[3 * i + Math.min(2, Math.floor(share * 3))] = 255;
    }
    return rgbImage(data, width, height).png().toBuffer();
  };

  it.each([
    ["wide", 96, 32, false],
    ["tall", 32, 96, true],
  ] as const)("crops the middle of a %s image", async (_, width, height, vertical) => {
    const pixels = await decodeImage(await bands(width, height, vertical), SETTINGS);
    // The middle third is green; the filter mixes in a little at the two edges only.
    for (let y = 4; y < SIZE - 4; y++) {
      for (let x = 4; x < SIZE - 4; x++) {
        expect([...pixels.subarray(3 * (y * SIZE + x), 3 * (y * SIZE + x) + 3)]).toEqual([0, 255, 0]);
      }
    }
  });

  it("averages when it makes images smaller", async () => {
    const board = Uint8Array.from({ length: 128 * 128 * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return ((pixel % 128) + Math.floor(pixel / 128)) % 2 === 0 ? 255 : 0;
    });
    const pixels = await decodeImage(await rgbImage(board, 128, 128).png().toBuffer(), SETTINGS);
    for (const value of pixels) expect(Math.abs(value - 127.5)).toBeLessThan(12);
  });

  it("makes small images larger", async () => {
    const pixels = await decodeImage(await rgbImage(gradient(4, 4), 4, 4).png().toBuffer(), SETTINGS);
    expect(largestDifference(pixels, PICTURE)).toBeLessThan(40);
  });

  it.each([
    [1, 3000],
    [3000, 1],
    [1, 1],
  ])("takes images of %i x %i pixels", async (width, height) => {
    const bytes = await sharp({ create: { width, height, channels: 3, background: "#123456" } })
      .png()
      .toBuffer();
    const pixels = await decodeImage(bytes, SETTINGS);
    expect([...new Set(pixels)].sort((a, b) => a - b)).toEqual([0x12, 0x34, 0x56]);
  });

  it.each(["jpeg", "tiff", "webp", "png"] as const)("honours the EXIF rotation of a %s", async (format) => {
    // One red corner; where it belongs when shown, by the definition of the tag (row and column 0 of the stored image).
    const corners = { 1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl" } as const;
    const data = Buffer.alloc(64 * 64 * 3);
    for (let i = 0; i < 64 * 64; i++) if (i % 64 < 32 && i < 32 * 64) data[3 * i] = 255;
    for (const [orientation, corner] of Object.entries(corners)) {
      const bytes = await rgbImage(data, 64, 64)
        .withMetadata({ orientation: Number(orientation) })
        .toFormat(format)
        .toBuffer();
      const pixels = await decodeImage(bytes, SETTINGS);
      const red = (x: number, y: number): boolean => pixels[3 * (y * SIZE + x)]! > 128;
      const found = { tl: red(3, 3), tr: red(12, 3), bl: red(3, 12), br: red(12, 12) };
      expect({ orientation, ...found }).toEqual({
        orientation,
        tl: corner === "tl",
        tr: corner === "tr",
        bl: corner === "bl",
        br: corner === "br",
      });
    }
  });

  it("mirrors and turns where the tag says both", async () => {
    // Tag 5 swaps rows and columns: the upper half becomes the left half.
    const data = Buffer.alloc(32 * 64 * 3);
    for (let i = 0; i < 32 * 32; i++) data[3 * i] = 255;
    const bytes = await rgbImage(data, 32, 64).withMetadata({ orientation: 5 }).png().toBuffer();
    const pixels = await decodeImage(bytes, SETTINGS);
    for (let y = 0; y < SIZE; y++) {
      expect(pixels[3 * (y * SIZE + 3)]).toBe(255);
      expect(pixels[3 * (y * SIZE + 12)]).toBe(0);
    }
  });
});
