/** What a file is, judged by its first bytes: the content decides, never the extension. */
import { type FileKind, SUPPORTED_FORMATS } from "../../core/images/fileKinds.ts";

export type ImageFormat = "PNG" | "JPEG" | "WebP" | "GIF" | "BMP" | "TIFF" | "AVIF" | "PNM";

/** How many leading bytes are looked at: what tells an HTML page or a DICOM image may come late. */
export const HEAD_BYTES = 256;

/** Lengths of the headers that follow a BMP's first 14 bytes. */
const BMP_HEADERS: ReadonlySet<number> = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

/** @param head the first bytes of the file, at least HEAD_BYTES where the file has them */
export function imageFormat(head: Buffer): ImageFormat | null {
  const text = head.toString("latin1", 0, 16);
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (text.startsWith("\xff\xd8\xff")) return "JPEG";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WebP";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "GIF";
  if (text.startsWith("BM")) return isBitmap(head) ? "BMP" : null;
  // Classic TIFF and BigTIFF, little and big endian; Canon's RAW files begin as one.
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return text.slice(8, 10) === "CR" ? null : "TIFF";
  const brands = mediaBrands(head);
  if (brands.includes("avif") || brands.includes("avis")) return "AVIF";
  return isPortableMap(head) ? "PNM" : null;
}

/** Two letters alone would make a bitmap of any text about a BMW. */
function isBitmap(head: Buffer): boolean {
  if (head.length < 18) return true; // cut short, which its reader says
  const headerBytes = head.readUInt32LE(14);
  return BMP_HEADERS.has(headerBytes) || (headerBytes < 0x10000 && head.readUInt32LE(6) === 0);
}

/** P1 to P6 (PF and Pf: of floats), then space or comments and the width; P7 (PAM) has lines of names. */
function isPortableMap(head: Buffer): boolean {
  const text = head.toString("latin1", 0, HEAD_BYTES);
  if (/^P7\s+(#[^\n]*\n\s*)*(WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)\s/.test(text)) return true;
  return /^P[1-6Ff]\s+(#[^\n]*(\n\s*|$))*(\d+\s+(#[^\n]*(\n\s*|$))*\d|$)/.test(text);
}

/** Brands of an ISO media file (AVIF, HEIC, MP4 …): the major one and those it is compatible with. */
function mediaBrands(head: Buffer): string[] {
  if (head.toString("latin1", 4, 8) !== "ftyp") return [];
  const end = Math.min(head.length, head.readUInt32BE(0), HEAD_BYTES);
  const brands = [head.toString("latin1", 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(head.toString("latin1", at, at + 4));
  return brands;
}

/** What stands at an offset, in Latin-1. */
const SIGNATURES: readonly [kind: FileKind, offset: number, texts: readonly string[]][] = [
  ["jpegXl", 0, ["\xff\x0a", "\0\0\0\x0cJXL \r\n"]],
  ["jpeg2000", 0, ["\0\0\0\x0cjP  \r\n", "\xff\x4f\xff\x51"]],
  ["raw", 0, ["IIRO", "IIRS", "IIU\0", "FUJIFILMCCD-RAW", "\0MRM", "FOVb"]],
  ["raw", 8, ["CR\x02\0"]],
  ["psd", 0, ["8BPS"]],
  ["openExr", 0, ["v/1\x01"]],
  ["radiance", 0, ["#?RADIANCE", "#?RGBE"]],
  ["otherImage", 0, ["DDS ", "qoif", "gimp xcf", "FLIF", "SIMPLE  =", "BPG\xfb"]],
  ["dicom", 128, ["DICM"]],
  ["lfsPointer", 0, ["version https://git-lfs"]],
  ["document", 0, ["%PDF", "%!PS"]],
  ["archive", 0, ["PK\x03\x04", "\x1f\x8b", "BZh", "\xfd7zXZ\0", "7z\xbc\xaf\x27\x1c", "Rar!"]],
  ["sound", 0, ["ID3", "fLaC", "OggS"]],
  ["sound", 8, ["WAVEfmt"]],
  ["video", 0, ["\x1a\x45\xdf\xa3"]],
  ["video", 8, ["AVI LIST"]],
];

const isDrawing = (text: string): boolean => /^\s*(<\?xml[^>]*>\s*)?(<!--.*-->\s*)?<svg/is.test(text);
const isWebPage = (text: string): boolean => /^\s*<(!doctype|html)/i.test(text);

/** What a file is whose first bytes are none of a readable image; null where they do not tell. */
export function foreignKind(head: Buffer): FileKind | null {
  if (head.length === 0) return "empty";
  const brands = mediaBrands(head);
  if (brands.some((brand) => /^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand))) return "heic";
  if (brands.includes("crx ")) return "raw";
  if (brands.length > 0) return "video";
  const text = head.toString("latin1", 0, HEAD_BYTES);
  const known = SIGNATURES.find(([, offset, texts]) => texts.some((start) => text.startsWith(start, offset)));
  if (known !== undefined) return known[0];
  return isDrawing(text) ? "svg" : isWebPage(text) ? "webPage" : null;
}

const REASONS: Readonly<Partial<Record<FileKind, string>>> = {
  empty: "the file is empty",
  heic: "a HEIC image; convert it to JPEG, PNG or AVIF",
  jpegXl: "a JPEG XL image; convert it to PNG or JPEG",
  jpeg2000: "a JPEG 2000 image; convert it to PNG or JPEG",
  raw: "a camera's RAW file; develop it to TIFF or JPEG",
  psd: "a Photoshop file; convert it to PNG",
  openExr: "an OpenEXR image; convert it to PNG",
  radiance: "a Radiance HDR image; convert it to PNG",
  otherImage: "an image of another format; convert it to PNG",
  dicom: "a DICOM image; convert it to PNG",
  lfsPointer: "a Git LFS pointer, not the image itself; fetch it with `git lfs pull`",
  svg: "an SVG drawing; convert it to PNG",
  webPage: "a web page saved under an image's name",
  document: "a PDF or PostScript document; convert it to PNG",
  archive: "a ZIP or other archive",
  video: "a video file",
  sound: "a sound file",
};

/** Why a file without a known signature is no usable image. */
export function foreignContentReason(bytes: Buffer): string {
  const kind = foreignKind(bytes.subarray(0, HEAD_BYTES));
  const known = kind === null ? undefined : REASONS[kind];
  if (known !== undefined) return known;
  return bytes.subarray(0, HEAD_BYTES).every((byte) => byte === 0)
    ? "filled with zero bytes"
    : `not a ${SUPPORTED_FORMATS} image`;
}
