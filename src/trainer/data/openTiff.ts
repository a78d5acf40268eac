/** Opens a TIFF; bands that the image library would take for something else are picked by what the file says of them. */
import type { Sharp } from "sharp";
import type { Bands } from "../../node/images/formats/bands.ts";
import { describeBands, type TiffBands } from "../../node/images/formats/tiffBands.ts";
import type { TiffHeader } from "../../node/images/formats/tiffHeader.ts";
import { asSrgb, fromBands, type OpenImage, rgbBands } from "./srgb.ts";

/**
 * @param header null where it cannot be read: the image library says why
 * @param open opens the file with as many bands as there are
 * @throws ImageContentError where the file is damaged or of a kind that is not supported
 */
export async function openTiff(header: TiffHeader | null, open: OpenImage): Promise<Sharp> {
  const described = header === null ? null : describeBands(header);
  if (header === null || described === null || described.ordinary) return asSrgb(open);
  // Values of YCbCr are no colours yet, so a profile of RGB would be applied too early.
  const found = await rgbBands(described.ycbcr ? () => open({ ignoreIcc: true }) : open);
  return fromBands(pickBands(found, described, header));
}

function pickBands(from: Bands, { alpha, ycbcr }: TiffBands, header: TiffHeader): Bands {
  const { width, height, channels, data } = from;
  const outChannels = alpha === null ? 3 : 4;
  const pixels = width * height;
  const out =
    data instanceof Uint16Array ? new Uint16Array(pixels * outChannels) : new Uint8Array(pixels * outChannels);
  for (let i = 0, at = 0, to = 0; i < pixels; i++, at += channels, to += outChannels) {
    out[to] = data[at]!;
    out[to + 1] = data[at + 1]!;
    out[to + 2] = data[at + 2]!;
    if (alpha !== null) out[to + 3] = data[at + 3 + alpha]!;
  }
  if (ycbcr) toRgb(out, outChannels, header);
  return { width, height, channels: outChannels, data: out };
}

/** In place; TIFF 6.0, section 21. */
function toRgb(data: Uint8Array | Uint16Array, channels: number, header: TiffHeader): void {
  const [kr = 0, kg = 1, kb = 0] = header.lumaCoefficients;
  const [black = 0, white = 255, noCb = 128, fullCb = 255, noCr = 128, fullCr = 255] = header.referenceBlackWhite;
  for (let at = 0; at < data.length; at += channels) {
    const y = ((data[at]! - black) * 255) / (white - black);
    const cb = ((data[at + 1]! - noCb) * 127) / (fullCb - noCb);
    const cr = ((data[at + 2]! - noCr) * 127) / (fullCr - noCr);
    const red = y + cr * (2 - 2 * kr);
    const blue = y + cb * (2 - 2 * kb);
    data[at] = toByte(red);
    data[at + 1] = toByte((y - kr * red - kb * blue) / kg);
    data[at + 2] = toByte(blue);
  }
}

function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
