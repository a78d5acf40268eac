/** What a file is, judged by its first bytes: the content decides, never the extension. */

export type ImageFormat = "PNG" | "JPEG" | "WebP" | "GIF" | "BMP" | "TIFF" | "AVIF" | "PNM";

/** How the supported formats are listed in messages. */
export const SUPPORTED_FORMATS = "png, jpg, webp, gif, bmp or tiff";

/** How many leading bytes `imageFormat` looks at. */
export const MAGIC_BYTES = 16;

/** @param head the first bytes of the file, at least MAGIC_BYTES where the file has them */
export function imageFormat(head: Buffer): ImageFormat | null {
  const text = head.toString("latin1", 0, MAGIC_BYTES);
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (text.startsWith("\xff\xd8\xff")) return "JPEG";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WebP";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "GIF";
  if (text.startsWith("BM")) return "BMP";
  // Classic TIFF and BigTIFF, little and big endian.
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return "TIFF";
  if (/^ftypavi[fs]/.test(text.slice(4))) return "AVIF";
  if (/^P([1-7]|F|f)[\s#]/.test(text)) return "PNM";
  return null;
}

/** Why a file without a known signature is no usable image. */
export function foreignContentReason(bytes: Buffer): string {
  if (bytes.length === 0) return "the file is empty";
  const text = bytes.toString("latin1", 0, 256);
  if (text.startsWith("version https://git-lfs")) {
    return "a Git LFS pointer, not the image itself; fetch it with `git lfs pull`";
  }
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--.*-->\s*)?<svg/is.test(text)) return "an SVG drawing; convert it to PNG";
  if (/^\s*<(!doctype|html)/i.test(text)) return "a web page saved under an image's name";
  if (text.slice(4, 8) === "ftyp") return "an AVIF, HEIC or video file; convert it to PNG or JPEG";
  if (text.startsWith("%PDF")) return "a PDF document; convert it to PNG";
  if (text.startsWith("PK\x03\x04")) return "a ZIP archive";
  if (/^\0+$/.test(text)) return "filled with zero bytes";
  return `not a ${SUPPORTED_FORMATS} image`;
}
