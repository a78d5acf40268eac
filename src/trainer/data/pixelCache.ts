/**
 * The cache of decoded images, two files per data folder and settings: `<key>.json`, which says what is there, and the file of
 * pixels that it names, uint8 [n, H, W, C]. A pixel file is written under a name of its own and never changed; only when it is
 * complete and on disk does a manifest that names it replace the old one, in one step. So whatever is killed, and however many
 * processes build at once, a reader finds a complete cache or none.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, join } from "node:path";
import * as z from "zod";
import { parseJson } from "../../core/parseJson.ts";
import { readStart } from "../../node/readStart.ts";
import { errorCode, removeQuietly, replaceFile } from "../../node/run/files.ts";
import { systemReason } from "../../node/systemReason.ts";
import { DECODER_VERSION, type PixelSettings } from "./decodeImage.ts";

const FORMAT = "maskdm image cache";
/** 2: time of change and inode of each file, digests of its content and its pixels */
const FORMAT_VERSION = 2;

const manifestSchema = z.strictObject({
  /** the data folder, for the curious */
  folder: z.string(),
  /** what decoded the images, a part of the key: so another engine can tell whether they are what it needs; missing in older caches */
  decoder: z.string().optional(),
  pixelFile: z.string().regex(/^[0-9a-z-]+\.pixels$/),
  /** bytes per image */
  imageBytes: z.number().int().positive(),
  /** whether no image has colours */
  onlyGrey: z.boolean(),
  /** image i of the pixel file; as columns, which read faster than a list of objects */
  images: z.strictObject({
    paths: z.array(z.string()),
    sizes: z.array(z.number()),
    modified: z.array(z.number()),
    changed: z.array(z.number()),
    inodes: z.array(z.number()),
    /** digests of the files and of the pixels, one after the other, in base64; see pixelDigest.ts */
    contents: z.string(),
    pixels: z.string(),
  }),
  broken: z.array(
    z.strictObject({
      path: z.string(),
      size: z.number(),
      modified: z.number(),
      changed: z.number(),
      inode: z.number(),
      reason: z.string(),
      /** true: the file could not be opened, which may change without the file changing */
      retry: z.boolean(),
    }),
  ),
});
export type CacheManifest = z.output<typeof manifestSchema>;
export type CachedBroken = CacheManifest["broken"][number];

const headerSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  sha256: z.string(),
});

const olderHeaderSchema = z.object({ format: z.literal(FORMAT), version: z.number() });

/** A complete cache, its pixel file open for reading. */
export interface OpenCache {
  readonly manifest: CacheManifest;
  readonly file: number;
}

/** Files that nobody names are removed when they are older: they were left by a process that was killed. */
const STALE_AFTER_MS = 3_600_000;

/** Where decoded images, and what else is made from them, are kept. @param baseDir folder of the experiment file */
export const cacheFolder = (baseDir: string): string => join(baseDir, ".maskdm", "cache");

export class PixelCache {
  private readonly key: string;

  /** @param folder real path of what data.path names */
  constructor(
    readonly dir: string,
    private readonly folder: string,
    settings: PixelSettings,
  ) {
    const identity = [
      FORMAT_VERSION,
      DECODER_VERSION,
      folder,
      settings.imageSize,
      settings.channels,
      settings.background,
    ];
    this.key = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 20);
    mkdirSync(dir, { recursive: true });
  }

  private get manifestPath(): string {
    return join(this.dir, `${this.key}.json`);
  }

  /**
   * Opens the cache; null where there is none or it is damaged, which is then logged.
   */
  open(log: (line: string) => void): OpenCache | null {
    for (let attempt = 0; ; attempt++) {
      const manifest = this.readManifest(log);
      if (manifest === null) return null;
      const path = join(this.dir, manifest.pixelFile);
      try {
        const file = openSync(path, "r");
        const expected = manifest.images.paths.length * manifest.imageBytes;
        const found = fstatSync(file).size;
        if (found === expected) return { manifest, file };
        closeSync(file);
        log(`image cache: ${path} has ${found} instead of ${expected} bytes, decoding the images again`);
        return null;
      } catch (error) {
        // Another process may have replaced both files since the manifest was read.
        if (attempt < 3 && errorCode(error) === "ENOENT") continue;
        log(`image cache: ${path} cannot be opened (${systemReason(error)}), decoding the images again`);
        return null;
      }
    }
  }

  /** Creates a pixel file, open for writing and reading. */
  createPixelFile(): { readonly name: string; readonly path: string; readonly file: number } {
    const name = `${this.key}-${process.pid}-${randomBytes(6).toString("hex")}.pixels`;
    const path = join(this.dir, name);
    return { name, path, file: openSync(path, "wx+") };
  }

  /** Makes `content` the cache. Its pixel file must be complete. */
  commit(content: Omit<CacheManifest, "folder" | "decoder">, file: number): CacheManifest {
    fsyncSync(file);
    const previous = this.readManifest(() => {});
    const manifest: CacheManifest = { folder: this.folder, decoder: DECODER_VERSION, ...content };
    this.writeManifest(manifest);
    if (previous !== null && previous.pixelFile !== manifest.pixelFile)
      removeQuietly(join(this.dir, previous.pixelFile));
    this.removeStale(manifest.pixelFile);
    return manifest;
  }

  /**
   * Notes other facts of the same images, as of files that were copied; the pixels stay where they are. Left alone where another
   * process has replaced the cache meanwhile.
   */
  restamp(manifest: CacheManifest): void {
    if (this.readManifest(() => {})?.pixelFile === manifest.pixelFile) this.writeManifest(manifest);
  }

  private writeManifest(manifest: CacheManifest): void {
    const body = JSON.stringify(manifest);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const header = JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, sha256 });
    replaceFile(this.manifestPath, `${header}\n${body}`, true);
  }

  private readManifest(log: (line: string) => void): CacheManifest | null {
    const damaged = (reason: string): null => {
      log(`image cache: ${this.manifestPath} ${reason}, decoding the images again`);
      return null;
    };
    let text: string;
    try {
      text = readFileSync(this.manifestPath, "utf8");
    } catch (error) {
      return errorCode(error) === "ENOENT" ? null : damaged(`cannot be read (${systemReason(error)})`);
    }
    const end = text.indexOf("\n");
    const header = headerSchema.safeParse(parseJson(text.slice(0, Math.max(0, end))));
    const body = text.slice(end + 1);
    if (!header.success || header.data.sha256 !== createHash("sha256").update(body).digest("hex")) {
      return damaged("is damaged");
    }
    const manifest = manifestSchema.safeParse(parseJson(body));
    return manifest.success ? manifest.data : damaged("is damaged");
  }

  /** Clears away what killed processes and older versions left. A build in progress keeps its file's time fresh. */
  private removeStale(current: string): void {
    const oldest = Date.now() - STALE_AFTER_MS;
    const names = readdirSync(this.dir);
    const outdated = names.flatMap((name) =>
      isOutdated(join(this.dir, name)) ? [name.slice(0, -".json".length)] : [],
    );
    for (const name of names) {
      const isOurs = name.startsWith(`${this.key}-`) || name.startsWith(`.${this.key}.json.tmp-`);
      const isUnreadable = outdated.some((key) => name === `${key}.json` || name.startsWith(`${key}-`));
      if (!(isOurs || isUnreadable) || name === current) continue;
      const path = join(this.dir, name);
      try {
        if (statSync(path).mtimeMs < oldest) unlinkSync(path);
      } catch {
        // Someone else removed it, or on Windows still reads it: the next build tries again.
      }
    }
  }
}

/** Whether this is the manifest of a cache in an older format, which nothing reads any more. */
function isOutdated(path: string): boolean {
  if (!/^[0-9a-f]{20}\.json$/.test(basename(path))) return false;
  let start: string;
  try {
    start = readStart(path, 256).toString("utf8");
  } catch {
    return false;
  }
  const header = olderHeaderSchema.safeParse(parseJson(start.split("\n", 1)[0]!));
  return header.success && header.data.version < FORMAT_VERSION;
}
