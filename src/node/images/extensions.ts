/** What extensions of file names say, in lower case and with their dot. */
import type { FileKind } from "../../core/images/fileKinds.ts";

/** Those that mark an image that can be read. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  ...[".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"],
  ...[".avif", ".pbm", ".pgm", ".ppm", ".pnm", ".pam"],
]);

/** Files that are not opened to see what they are: it is known, or what they begin with would mislead. */
const KNOWN: readonly [kind: FileKind, extensions: string][] = [
  ["text", "txt md rst csv tsv json jsonl ndjson yaml yml toml ini cfg conf xml log tex bib srt vtt sha1 sha256 md5"],
  ["text", "py js mjs ts sh bat ps1 c h cpp java rb go rs m r ipynb css"],
  // Of a WebDataset; those of its samples go with these.
  ["label", "cls"],
  ["webPage", "html htm mhtml"],
  [
    "table",
    "npy npz pt pth ckpt safetensors h5 hdf5 parquet arrow feather tfrecord tfrecords pkl pickle mat db sqlite lmdb",
  ],
  ["document", "pdf doc docx odt rtf ppt pptx odp xls xlsx ods epub ps eps ai"],
  ["archive", "zip tar gz tgz bz2 xz zst 7z rar iso"],
  ["video", "mp4 m4v mov avi mkv webm mpg mpeg wmv flv 3gp mts m2ts"],
  ["sound", "mp3 wav flac ogg opus m4a aac wma mid"],
  // Most begin as a TIFF does and hold a small picture of the camera's, which is not the image.
  ["raw", "nef nrw cr2 cr3 crw arw sr2 srf dng orf pef raf rw2 rwl srw x3f 3fr iiq kdc mrw erf mef"],
  ["unfinished", "part partial crdownload download aria2 tmp"],
];

/** Files whose first bytes are looked at all the same: an image of another format may have been given such a name. */
const CLAIMED: readonly [kind: FileKind, extensions: string][] = [
  ["heic", "heic heif hif"],
  ["jpegXl", "jxl"],
  ["jpeg2000", "jp2 j2k jpf jpx jpm j2c"],
  ["psd", "psd psb"],
  ["openExr", "exr"],
  ["radiance", "hdr rgbe"],
  ["svg", "svg svgz"],
  ["icon", "ico icns cur"],
  ["dicom", "dcm dicom"],
  ["otherImage", "tga pcx dds qoi xcf xpm xbm fits fit wmf emf ras sgi pict pct flif bpg kra"],
];

const byExtension = (table: typeof KNOWN): ReadonlyMap<string, FileKind> =>
  new Map(table.flatMap(([kind, names]) => names.split(" ").map((name) => [`.${name}`, kind] as const)));

/** Kinds of files that need not be opened, by extension. */
export const KNOWN_EXTENSIONS = byExtension(KNOWN);
/** What files are where their first bytes do not say, by extension. */
export const CLAIMED_EXTENSIONS = byExtension(CLAIMED);
