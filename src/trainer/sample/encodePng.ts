import type { Picture } from "../../core/run/gridPicture.ts";

/** Encodes a picture as PNG. */
export async function encodePng({ data, width, height, channels }: Picture): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  const image = sharp(data, { raw }).toColourspace(channels === 1 ? "b-w" : "srgb");
  // At the highest level a large page takes minutes instead of seconds, and a stop waits for it; the file is a twentieth smaller.
  return image.png({ compressionLevel: 6 }).toBuffer();
}
