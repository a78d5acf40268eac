/** metrics.columns: made of metrics.jsonl, and read instead of it where it is of that very text. */
import { closeSync, openSync, readSync, truncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { MetricsTail } from "../../core/run/metricsTail.ts";
import {
  type ColumnsBlock,
  type ColumnsRead,
  columnsBlock,
  columnsHeader,
  readColumns,
  TEXT_BEGIN,
  type TextPlace,
} from "../../core/series/columnsFormat.ts";
import { joinLines, type PackedLines, packLines } from "../../core/series/packedLines.ts";
import { crc32 } from "./crc32.ts";
import { removeQuietly, writeFully } from "./files.ts";
import { metricsFile } from "./metrics.ts";
import { READ_AT_ONCE, readFileAtOnce } from "./readText.ts";

export const columnsFile = (runDir: string): string => join(runDir, "metrics.columns");

/** A block has so many rows, unless it is the last of a session. A text of fewer is read as quickly as a file beside it. */
export const BLOCK_ROWS = 1024;
const CHUNK_BYTES = 256 * 1024;
const LARGEST_FILE = 2 ** 30;
const NEWLINE = 0x0a;

/** Makes blocks of a text while it is read. */
export class BlockMaker {
  private parts: PackedLines[] = [];
  private rows = 0;
  /** of all bytes, also those of a line that is not complete */
  private crc: number;
  private read: number;

  /** @param lineEnd where in the text the first chunk begins */
  constructor(private lineEnd: TextPlace) {
    this.crc = lineEnd.textCrc;
    this.read = lineEnd.textEnd;
  }

  /** Where in the text the next chunk begins. */
  get offset(): number {
    return this.read;
  }

  /** @param lines that are complete with this chunk */
  add(chunk: Uint8Array, lines: PackedLines): void {
    const complete = chunk.lastIndexOf(NEWLINE) + 1;
    if (complete > 0) {
      this.crc = crc32(chunk.subarray(0, complete), this.crc);
      this.lineEnd = { textEnd: this.read + complete, textCrc: this.crc };
    }
    this.crc = crc32(chunk.subarray(complete), this.crc);
    this.read += chunk.length;
    this.parts.push(lines);
    this.rows += lines.length;
  }

  /** A block of what was added since the one before, where that has so many rows. */
  block(fewest: number): Uint8Array | null {
    if (this.rows < fewest) return null;
    const block = encoded({ lines: joinLines(this.parts), ...this.lineEnd });
    this.parts = [];
    this.rows = 0;
    return block;
  }
}

export const encoded = (block: ColumnsBlock): Uint8Array => columnsBlock(block, crc32);

/**
 * Keeps metrics.columns of a run up with its text; for the run's one writer. The file begins when there is a block of it. Nothing
 * depends on it: where the disk refuses, it ends before its time, and readers take the rest from the text.
 */
export class ColumnsKeeper {
  private maker: BlockMaker | null = null;
  private readonly tail = new MetricsTail();
  private exists = false;
  private readonly path: string;

  /** Drops what is torn, damaged or of another text, and takes in what has been added to the text since. */
  constructor(private readonly runDir: string) {
    this.path = columnsFile(runDir);
    this.attempt(() => {
      const kept = readWhole(this.path);
      // It stays good as far as it goes; lines that this version adds have nothing for columns that it does not know.
      if (kept?.columns === "newer") return;
      const last = kept?.blocks.at(-1);
      this.exists = kept?.columns === "own" && last !== undefined && isBegin(metricsFile(runDir), last);
      if (this.exists) truncateSync(this.path, kept!.wholeBytes);
      this.maker = new BlockMaker(this.exists ? last! : TEXT_BEGIN);
    });
    this.catchUp();
  }

  /** Takes in the lines that were added to the text. @param ends the session: also those that fill no block */
  catchUp(ends = false): void {
    this.attempt(() => {
      const { maker } = this;
      if (maker === null) return;
      eachChunk(metricsFile(this.runDir), maker.offset, (chunk) => {
        maker.add(chunk, packLines(this.tail.feed(chunk)));
        this.append(maker.block(BLOCK_ROWS));
      });
      if (ends && this.exists) this.append(maker.block(1));
    });
  }

  private append(block: Uint8Array | null): void {
    if (block === null) return;
    // Whatever has been put in its place: a pipe would wait for a reader.
    if (!this.exists) removeQuietly(this.path);
    const fd = openSync(this.path, this.exists ? "a" : "w");
    try {
      if (!this.exists) writeFully(fd, columnsHeader());
      writeFully(fd, block);
      this.exists = true;
    } finally {
      closeSync(fd);
    }
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch {
      this.maker = null;
    }
  }
}

/** Reads a text from a byte on as far as it goes. @param take gets chunks that are not kept */
function eachChunk(path: string, from: number, take: (chunk: Uint8Array) => void): void {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let at = from;
    for (let taken = readSync(fd, chunk, 0, chunk.length, at); taken > 0; ) {
      take(chunk.subarray(0, taken));
      at += taken;
      taken = readSync(fd, chunk, 0, chunk.length, at);
    }
  } finally {
    closeSync(fd);
  }
}

/** Whether a text begins with what was read of it up to a place. */
function isBegin(path: string, { textEnd, textCrc }: TextPlace): boolean {
  let at = 0;
  let crc = 0;
  eachChunk(path, 0, (chunk) => {
    crc = crc32(chunk.subarray(0, Math.max(0, textEnd - at)), crc);
    at += chunk.length;
  });
  return at >= textEnd && crc === textCrc;
}

function readWhole(path: string): ColumnsRead | null {
  try {
    // A copy: a buffer's bytes may lie anywhere in theirs.
    return readColumns(new Uint8Array(readFileAtOnce(path, LARGEST_FILE)), crc32);
  } catch {
    return null;
  }
}

/** A text's lines up to a place, as columns hold them. */
export interface LoadedColumns extends TextPlace {
  readonly blocks: readonly ColumnsBlock[];
}

/**
 * What the files hold of a text, the one that reaches farthest: of those that end as the text does there. Whether all before is of this
 * text, too, `isOfText` tells.
 * @returns null: nothing, so that the text has to be read
 */
export async function loadColumns(files: readonly string[], text: string): Promise<LoadedColumns | null> {
  const loaded = await Promise.all(files.map((file) => load(file, text).catch(() => [])));
  const [blocks] = loaded.sort((a, b) => (b.at(-1)?.textEnd ?? 0) - (a.at(-1)?.textEnd ?? 0));
  const last = blocks?.at(-1);
  return last === undefined ? null : { blocks: blocks!, textEnd: last.textEnd, textCrc: last.textCrc };
}

async function load(path: string, text: string): Promise<readonly ColumnsBlock[]> {
  const bytes = await withFile(path, async (file, size) => {
    const whole = new Uint8Array(Math.min(size, LARGEST_FILE));
    let at = 0;
    for (let taken = 1; taken > 0; at += taken) taken = (await file.read(whole, at, whole.length - at, at)).bytesRead;
    return whole.subarray(0, at);
  });
  const blocks = readColumns(bytes, crc32)?.blocks ?? [];
  const last = blocks.at(-1);
  if (last === undefined) return [];
  return (await checksumFits(text, blocks.at(-2) ?? TEXT_BEGIN, last)) ? blocks : [];
}

/** Whether all of the columns are of this text. Reads the text up to where they end. */
export const isOfText = (text: string, columns: TextPlace): Promise<boolean> =>
  checksumFits(text, TEXT_BEGIN, columns).catch(() => false);

/** Whether a text has between two places what the checksums say. */
function checksumFits(text: string, from: TextPlace, to: TextPlace): Promise<boolean> {
  return withFile(text, async (file, size) => {
    if (size < to.textEnd) return false;
    const chunk = new Uint8Array(4 * CHUNK_BYTES);
    let crc = from.textCrc;
    for (let at = from.textEnd; at < to.textEnd; ) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, to.textEnd - at), at);
      if (bytesRead === 0) return false;
      crc = crc32(chunk.subarray(0, bytesRead), crc);
      at += bytesRead;
    }
    return crc === to.textCrc;
  });
}

/** @throws what the system says, and for what is no file */
async function withFile<T>(path: string, use: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  const file = await open(path, READ_AT_ONCE);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error(`${path} is no file`);
    return await use(file, found.size);
  } finally {
    await file.close();
  }
}
