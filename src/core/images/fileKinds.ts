/** Kinds of files as they are named to people: images, and what lies among them and is not read. */
import { count } from "../numbers.ts";

/** How the formats that are read are listed in messages. */
export const SUPPORTED_FORMATS = "png, jpg, webp, gif, bmp, tiff, avif or pnm";

interface KindText {
  readonly one: string;
  readonly many: string;
  /** what to do about it, where these are images that somebody may have meant to train on; null: they are no images */
  readonly remedy: string | null;
}

const image = (name: string, remedy: string, noun = "image"): KindText => ({
  one: `${name} ${noun}`,
  many: `${name} ${noun}s`,
  remedy,
});
const other = (one: string, many = `${one}s`): KindText => ({ one, many, remedy: null });

const CONVERT = "convert them to PNG or JPEG";

const FILE_KINDS = {
  heic: image("HEIC", "convert them to JPEG or AVIF, for example with heif-convert or ImageMagick"),
  jpegXl: image("JPEG XL", "convert them to PNG or JPEG, for example with djxl"),
  jpeg2000: image("JPEG 2000", CONVERT),
  raw: image("camera RAW", "develop them to TIFF or JPEG, for example with darktable or dcraw"),
  psd: image("Photoshop", CONVERT),
  openExr: image("OpenEXR", CONVERT),
  radiance: image("Radiance HDR", CONVERT),
  svg: image("SVG", "convert them to PNG", "drawing"),
  icon: image("icon", CONVERT, "file"),
  dicom: image("DICOM", CONVERT),
  otherImage: image("image file", "convert them to PNG or JPEG", "of another format"),
  lfsPointer: { one: "Git LFS pointer", many: "Git LFS pointers", remedy: "fetch the files with `git lfs pull`" },
  unreadable: {
    one: "file that may not be read",
    many: "files that may not be read",
    remedy: "give yourself the right to read them",
  },
  unfinished: other("unfinished download"),
  brokenLink: other("link to nowhere", "links to nowhere"),
  empty: other("empty file"),
  label: other("label without an image", "labels without an image"),
  text: other("text file"),
  table: other("data file"),
  document: other("document"),
  webPage: other("web page"),
  archive: other("archive"),
  video: other("video"),
  sound: other("sound file"),
  other: other("other file"),
} as const satisfies Readonly<Record<string, KindText>>;

export type FileKind = keyof typeof FILE_KINDS;

/** How many files of which kind were left out. */
export type LeftOut = Readonly<Partial<Record<FileKind, number>>>;

/** Whether files were left out that somebody may have meant to train on. */
export function leavesOutImages(leftOut: LeftOut): boolean {
  return kindsOf(leftOut).some(([kind]) => FILE_KINDS[kind].remedy !== null);
}

/**
 * Such as `23 files left out: 20 HEIC images (not read: convert them to JPEG or AVIF, …), 3 text files`, without a full stop.
 * @returns null where nothing was left out
 */
export function leftOutText(leftOut: LeftOut): string | null {
  const kinds = kindsOf(leftOut);
  const all = kinds.reduce((sum, [, files]) => sum + files, 0);
  if (all === 0) return null;
  const parts = kinds.map(([kind, files]) => {
    const { one, many, remedy } = FILE_KINDS[kind];
    const what = `${count(files)} ${files === 1 ? one : many}`;
    return remedy === null ? what : `${what} (not read: ${files === 1 ? remedy.replace(/\bthem\b/, "it") : remedy})`;
  });
  return `${count(all)} ${all === 1 ? "file" : "files"} left out: ${parts.join(", ")}`;
}

/** Images first, the most frequent first. */
function kindsOf(leftOut: LeftOut): [FileKind, number][] {
  const kinds = Object.entries(leftOut) as [FileKind, number][];
  const isImage = (kind: FileKind): number => Number(FILE_KINDS[kind].remedy !== null);
  return kinds.filter(([, files]) => files > 0).sort(([a, n], [b, m]) => isImage(b) - isImage(a) || m - n);
}
