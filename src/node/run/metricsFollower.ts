/** Follows a run's metrics: what columns hold of them is taken from there, the rest from the text. */
import { setTimeout as sleep } from "node:timers/promises";
import { MetricsTail } from "../../core/run/metricsTail.ts";
import { TEXT_BEGIN } from "../../core/series/columnsFormat.ts";
import { type PackedLines, packLines } from "../../core/series/packedLines.ts";
import {
  BLOCK_ROWS,
  BlockMaker,
  columnsFile,
  encoded,
  isOfText,
  type LoadedColumns,
  loadColumns,
} from "./columnsFile.ts";
import type { ColumnsStorage } from "./columnsStorage.ts";
import { FileTail } from "./fileTail.ts";
import { metricsFile } from "./metrics.ts";

/** So much text that no columns hold is worth a file. */
const FEWEST_BLOCKS = 8;
/** A dashboard of many runs has drawn them by then. */
const COMPARED_AFTER_MS = 3000;

export interface MetricsListener {
  /** @param reset the text was replaced or cut: what came before no longer counts */
  lines(parts: readonly PackedLines[], reset: boolean): void;
  failed(error: unknown): void;
  /** everything that there is was told */
  looked?(): void;
}

export class MetricsFollower {
  private readonly text: string;
  private tail: FileTail | undefined;
  private closed = false;

  /** @param storage where columns are kept for runs whose folder has none; null: nowhere */
  constructor(
    private readonly runDir: string,
    private readonly listener: MetricsListener,
    private readonly storage: ColumnsStorage | null = null,
  ) {
    this.text = metricsFile(runDir);
    void this.begin();
  }

  dispose(): void {
    this.closed = true;
    this.tail?.dispose();
  }

  private async begin(): Promise<void> {
    const files = [columnsFile(this.runDir), ...(this.storage === null ? [] : [this.storage.fileOf(this.runDir)])];
    const columns = await loadColumns(files, this.text);
    if (this.closed) return;
    // In one piece, so that whoever takes them makes room once.
    if (columns !== null)
      this.listener.lines(
        columns.blocks.map(({ lines }) => lines),
        false,
      );
    this.follow(columns);
    if (columns === null) return;
    // The end fits, which tells a text from almost any other. The whole of it is compared when everything is shown.
    await sleep(COMPARED_AFTER_MS, undefined, { ref: false });
    if ((await inTurn(() => this.closed || isOfText(this.text, columns))) || this.closed) return;
    this.tail?.dispose();
    this.listener.lines([], true);
    this.follow(null);
  }

  private follow(columns: LoadedColumns | null): void {
    const { listener, runDir, storage, text } = this;
    const tail = new MetricsTail();
    /** until the text was read for the first time */
    let maker = storage === null ? null : new BlockMaker(columns ?? TEXT_BEGIN);
    const fresh: Uint8Array[] = [];
    this.tail = new FileTail(
      text,
      {
        bytes(chunk, reset) {
          if (reset) {
            tail.reset();
            maker = null;
          }
          const lines = packLines(tail.feed(chunk));
          maker?.add(chunk, lines);
          const block = maker?.block(BLOCK_ROWS);
          if (block != null) fresh.push(block);
          if (reset || lines.length + lines.resumes.length > 0) listener.lines([lines], reset);
        },
        failed: (error) => listener.failed(error),
        looked() {
          if (maker !== null && fresh.length >= FEWEST_BLOCKS) {
            storage?.keep(runDir, [...(columns?.blocks ?? []).map(encoded), ...fresh]);
          }
          maker = null;
          fresh.length = 0;
          listener.looked?.();
        },
      },
      columns?.textEnd,
    );
  }
}

let turn: Promise<unknown> = Promise.resolve();

/** One after the other, for work that nobody waits for. */
function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const done = turn.then(work);
  turn = done.catch(() => undefined);
  return done;
}
