/** A folder of columns made by a viewer, for runs whose own folder has none: those of older versions, or whose file was lost. */
import { createHash } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { columnsHeader } from "../../core/series/columnsFormat.ts";
import { pathKey } from "../pathKey.ts";
import { namesIn, removeQuietly, replaceFile } from "./files.ts";

/** The older ones go: they can be made again. */
const MOST_FILES = 400;

export class ColumnsStorage {
  /** @param folder made when it is needed */
  constructor(
    private readonly folder: string,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Where those of a run are. They are of use only as far as they are of its text, which whoever reads them finds out. */
  fileOf(runDir: string): string {
    const key = createHash("sha256")
      .update(pathKey(resolve(runDir)))
      .digest("hex");
    return join(this.folder, `${key.slice(0, 32)}.columns`);
  }

  /** Keeps the blocks of a run's text; where that fails, they are made again next time. */
  keep(runDir: string, blocks: readonly Uint8Array[]): void {
    try {
      mkdirSync(this.folder, { recursive: true });
      replaceFile(this.fileOf(runDir), Buffer.concat([columnsHeader(), ...blocks]), false);
      this.prune();
    } catch (error) {
      this.failed(error);
    }
  }

  private prune(): void {
    const files = namesIn(this.folder).map((name) => join(this.folder, name));
    if (files.length <= MOST_FILES) return;
    const aged = files.map((file) => ({ file, time: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
    aged.sort((a, b) => b.time - a.time);
    for (const { file } of aged.slice(MOST_FILES)) removeQuietly(file);
  }
}
