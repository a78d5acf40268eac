/** What each kind of sample becomes, byte by byte; the whole matrix, against a second library, is in decodeMatrix.test.ts. */
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../../src/trainer/data/decodeImage.ts";
import { gradient, largestDifference, rgbImage } from "./testFolder.ts";
import { tiffFile } from "./tiffFile.ts";

const SIZE = 8;
const ORANGE = [255, 128, 0];
const RED = [200, 60, 40];

/** The one colour of an image that has only one. */
async function colourOf(bytes: Buffer, channels: 1 | 3 = 3): Promise<number[]> {
  const pixels = await decodeImage(bytes, { imageSize: SIZE, channels, background: "#ff8000" });
  const first = [...pixels.subarray(0, channels)];
  for (let i = 0; i < pixels.length; i++) expect(pixels[i]).toBe(first[i % channels]);
  return first;
}

const plain = (colour: readonly number[]): Sharp =>
  sharp(Buffer.from(Array.from({ length: SIZE * SIZE }, () => colour).flat()), {
    raw: { width: SIZE, height: SIZE, channels: colour.length as 1 | 2 | 3 | 4 },
  });

const near = (colour: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(colour).toHaveLength(expected.length);
  colour.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance);
  });
};

describe("16 bits under a profile", () => {
  it.each(["png", "tiff", "avif"] as const)("are sRGB in the end: %s", async (format) => {
    for (const profile of ["srgb", "p3"]) {
      const image = plain(RED).toColourspace("rgb16").withIccProfile(profile);
      const options =
        format === "avif" ? { lossless: true, bitdepth: 12, chromaSubsampling: "4:4:4" } : { compression: "lzw" };
      const bytes = await image.toFormat(format, options).toBuffer();
      expect(await sharp(bytes).metadata()).toMatchObject({ depth: "ushort", hasProfile: true });
      near(await colourOf(bytes), RED, 1);
    }
  });

  it("with alpha are composited after the profile", async () => {
    const image = plain([...RED, 128])
      .toColourspace("rgb16")
      .withIccProfile("p3");
    near(await colourOf(await image.png().toBuffer()), [227, 94, 20], 1);
  });

  it("are turned as the EXIF orientation says", async () => {
    const settings = { imageSize: 16, channels: 3, background: "#ffffff" } as const;
    const muted = gradient(16, 24).map((value) => 96 + (value >> 2));
    const picture = () => rgbImage(muted, 16, 24).withMetadata({ orientation: 6 });
    const wide = await picture().toColourspace("rgb16").withIccProfile("p3").png().toBuffer();
    const plainBytes = await picture().png().toBuffer();
    const [turned, expected] = [await decodeImage(wide, settings), await decodeImage(plainBytes, settings)];
    expect(largestDifference(turned, expected)).toBeLessThanOrEqual(2);
  });

  it("use no profile that is damaged or of other colours", async () => {
    const wide = { samples: RED.map((value) => value * 257), photometric: 2, bits: 16 } as const;
    const bytes = await plain(RED).toColourspace("rgb16").withIccProfile("srgb").png().toBuffer();
    const { icc } = await sharp(bytes).metadata();
    for (const profile of [icc!.subarray(0, 200), Buffer.alloc(400), Buffer.from(icc!).fill("GRAY", 16, 20)]) {
      // As a list of SHORT, which readers take for the bytes that it is.
      const list = new Uint16Array(Uint8Array.from(profile).buffer, 0, profile.length >> 1);
      expect(await colourOf(tiffFile({ ...wide, tags: { 34675: [...list] } }))).toEqual(RED);
    }
  });
});

describe("grey with alpha", () => {
  it.each([
    ["8 bits", () => plain([100, 0]).toColourspace("b-w")],
    ["16 bits", () => plain([100, 0]).toColourspace("grey16")],
  ])("takes the background with its colour: %s", async (_, image) => {
    for (const bytes of [await image().png().toBuffer(), await image().tiff({ compression: "lzw" }).toBuffer()]) {
      expect((await sharp(bytes).metadata()).channels).toBe(2);
      expect(await colourOf(bytes)).toEqual(ORANGE);
    }
  });

  it("takes the background's luma where the model is grey", async () => {
    expect(await colourOf(await plain([100, 0]).toColourspace("b-w").png().toBuffer(), 1)).toEqual([151]);
  });
});

const EXTRA = (...kinds: number[]): Record<number, number[]> => ({ 338: kinds });
const TIFFS: [string, Parameters<typeof tiffFile>[0], number[]][] = [
  ["RGB and near infrared", { samples: [...RED, 7], photometric: 2, tags: EXTRA(0) }, RED],
  ["RGB and straight alpha", { samples: [...RED, 0], photometric: 2, tags: EXTRA(2) }, ORANGE],
  ["RGB and a band without a word", { samples: [...RED, 0], photometric: 2 }, ORANGE],
  ["RGB premultiplied by alpha", { samples: [0, 0, 0, 0], photometric: 2, tags: EXTRA(1) }, ORANGE],
  ["RGB, alpha and another", { samples: [...RED, 0, 9], photometric: 2, tags: EXTRA(2, 0) }, ORANGE],
  ["RGB, another and alpha", { samples: [...RED, 9, 0], photometric: 2, tags: EXTRA(0, 2) }, ORANGE],
  ["RGB and three others", { samples: [...RED, 9, 0, 3], photometric: 2, tags: EXTRA(0, 0, 0) }, RED],
  ["grey and another", { samples: [100, 7], photometric: 1, tags: EXTRA(0) }, [100, 100, 100]],
  ["grey, another and alpha", { samples: [100, 7, 0], photometric: 1, tags: EXTRA(0, 2) }, ORANGE],
  ["grey where white is zero", { samples: [100], photometric: 0 }, [155, 155, 155]],
  ["YCbCr", { samples: [100, 128, 228], photometric: 6, tags: { 530: [1, 1] } }, [240, 29, 100]],
];

describe("bands of a TIFF", () => {
  it.each(TIFFS)("%s", async (_, file, expected) => {
    expect(await colourOf(tiffFile(file))).toEqual(expected);
    if (file.photometric === 6) return;
    const wide = { ...file, bits: 16, samples: file.samples.map((value) => value * 257) } as const;
    expect(await colourOf(tiffFile(wide))).toEqual(expected);
  });

  const reason = (text: string): string => `a damaged, cut short or unsupported TIFF (${text})`;
  it.each([
    [
      { samples: [1, 2, 3, 4], photometric: 1, tags: EXTRA(0, 0, 0) },
      "4 bands of which the file does not say what they are; write RGB, or one band, as a TIFF",
    ],
    [{ samples: [1, 2], photometric: 2 }, "2 bands where its colours need 3"],
    [
      { samples: [1, 2, 3], photometric: 6 },
      "subsampled YCbCr without JPEG compression, which is not supported; convert it to RGB",
    ],
    [
      { samples: [1, 2, 3], photometric: 8 },
      "the colour space Lab with 8 bits, which is not supported; convert it to RGB",
    ],
    [
      { samples: [1], photometric: 32803 },
      "raw samples of a camera's sensor, which is not supported; convert it to RGB",
    ],
    [
      { samples: [1, 2], photometric: 1, tags: { 284: [2], 338: [2] } },
      "2 bands in separate planes, which is supported for RGB only; store them interleaved",
    ],
  ])("refuses %j", async (file, expected) => {
    await expect(colourOf(tiffFile(file))).rejects.toThrow(reason(expected));
  });
});

describe("portable bitmaps", () => {
  const rows = (text: string): string => Array.from({ length: SIZE }, () => text).join("\n");
  it.each([
    ["P1", `P1\n#c\n8 8\n${rows("1 1111111")}`, [0, 0, 0]],
    ["P2", `P2 8 8 15\n${rows("5 ".repeat(8))}`, [85, 85, 85]],
    ["P3", `P3\n8 8\n255\n${rows("200 60 40 ".repeat(8))}`, RED],
    ["P4", Buffer.concat([Buffer.from("P4 8 8\n"), Buffer.alloc(8, 0)]), [255, 255, 255]],
    ["P5", Buffer.concat([Buffer.from("P5 8 8 65535\n"), Buffer.alloc(128, 0x64)]), [100, 100, 100]],
    ["P6", Buffer.concat([Buffer.from("P6 8 8 255\n"), Buffer.alloc(192, Buffer.from(RED))]), RED],
    [
      "P7",
      Buffer.concat([
        Buffer.from("P7\nWIDTH 8\nHEIGHT 8\nDEPTH 2\nMAXVAL 255\nENDHDR\n"),
        Buffer.alloc(128, Buffer.from([9, 0])),
      ]),
      ORANGE,
    ],
  ])("%s", async (_, content, expected) => {
    expect(await colourOf(Buffer.from(content))).toEqual(expected);
  });

  const reason = (text: string): string => `a damaged, cut short or unsupported PNM (${text})`;
  it.each([
    ["P6 8 8 255\nabc", "cut short: 14 of 203 bytes are there"],
    ["P3 8 8 255\n1 2 3", "cut short: samples are missing"],
    ["P2 8 8 15\n16", "a sample of 16 where 15 is the largest"],
    ["P2 8 8 x\n1", "something other than a number where one should be"],
    ["P5 0 8 255\n", "the header claims 0 x 8 pixels"],
    ["P5 8 8 70000\n", "the header claims 70000 as the largest sample"],
    ["Pf\n8 8\n-1.0\n", "a PFM of floating-point samples, convert it to 8 or 16 bits"],
    ["P7\nWIDTH 8\nHEIGHT 8\nDEPTH 7\nMAXVAL 255\nENDHDR\n", "7 bands"],
    ["P7\nWIDTH 8\n", "cut short within the header"],
  ])("refuses %j", async (content, expected) => {
    await expect(colourOf(Buffer.from(content))).rejects.toThrow(reason(expected));
  });

  it("refuses what would not fit into memory, before taking it", async () => {
    const huge = Buffer.from("P5 999999 999999 255\n");
    await expect(colourOf(huge)).rejects.toThrow("a PNM of more than 268 million pixels");
  });
});

describe("AVIF", () => {
  it.each([8, 10, 12] as const)("of %i bits, with alpha and without", async (bitdepth) => {
    const options = { lossless: true, bitdepth, chromaSubsampling: "4:4:4" };
    near(await colourOf(await plain(RED).avif(options).toBuffer()), RED, 1);
    near(
      await colourOf(
        await plain([...RED, 0])
          .avif(options)
          .toBuffer(),
      ),
      ORANGE,
      1,
    );
  });
});
