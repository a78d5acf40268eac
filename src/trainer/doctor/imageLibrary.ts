/** Whether images can be decoded. */
export interface ImageLibraryCheck {
  readonly works: boolean;
  readonly version: string | null;
  readonly reason: string | null;
  readonly remedy: string | null;
}

/** Encodes and decodes a picture of one pixel with sharp. */
export async function checkImageLibrary(): Promise<ImageLibraryCheck> {
  try {
    const { default: sharp } = await import("sharp");
    const create = { width: 1, height: 1, channels: 3, background: "#204060" } as const;
    const png = await sharp({ create }).png().toBuffer();
    const pixel = await sharp(png).raw().toBuffer();
    if (pixel.toString("hex") !== "204060") throw new Error(`it decodes wrongly (${pixel.toString("hex")})`);
    return {
      works: true,
      version: `sharp ${sharp.versions.sharp ?? "of unknown version"}`,
      reason: null,
      remedy: null,
    };
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return { works: false, version: null, reason, remedy: "Install it again with `npm install sharp`." };
  }
}
