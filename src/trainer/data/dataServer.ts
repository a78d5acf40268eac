/** Answers requests for images of a data set; the editor's mask designer shows them. */

import { UserError } from "../../core/errors.ts";
import { parseJson } from "../../core/parseJson.ts";
import { shownText } from "../../core/shownText.ts";
import { type DataAnswer, type DataRequest, dataRequestSchema } from "../../node/dataServer/protocol.ts";
import { type Dataset, openDataset } from "./dataset.ts";

/** Takes one request after the other; sends at least one answer to each. */
export class DataServer {
  private dataset: Dataset | null = null;

  /** @param send a JSON head and, with images, their pixels */
  constructor(
    private readonly send: (answer: DataAnswer, body?: Uint8Array) => void,
    private readonly log: (line: string) => void,
  ) {}

  /** @param line a request as JSON; one that cannot be read is logged and not answered, as it has no id */
  async handle(line: string): Promise<void> {
    const parsed = dataRequestSchema.safeParse(parseJson(line));
    if (!parsed.success) {
      this.log(`a request that cannot be read was ignored: ${parsed.error.issues[0]?.message ?? "not understood"}`);
      return;
    }
    const request = parsed.data;
    try {
      if (request.method === "open") await this.open(request);
      else this.read(request);
    } catch (error) {
      if (error instanceof UserError || isSystemError(error)) {
        this.send({ kind: "refused", id: request.id, error: error.message });
        return;
      }
      throw error;
    }
  }

  close(): void {
    this.dataset?.close();
    this.dataset = null;
  }

  private async open({ id, config, baseDir }: DataRequest & { method: "open" }): Promise<void> {
    this.close();
    const dataset = await openDataset(config, baseDir, {
      log: this.log,
      onProgress: throttled((done, total) => this.send({ kind: "decoding", id, done, total })),
    });
    this.dataset = dataset;
    const { count, classes, broken, notes } = dataset;
    this.send({ kind: "opened", id, count, classes: [...classes], broken: broken.length, notes: [...notes] });
  }

  private read({ id, indices }: DataRequest & { method: "read" }): void {
    const { dataset } = this;
    if (dataset === null) throw new UserError("No data set is open.");
    if (indices.some((index) => index >= dataset.count)) {
      throw new UserError(`The data set holds ${dataset.count} images only; it has changed. Open it again.`);
    }
    const pixels = new Uint8Array(indices.length * dataset.imageBytes);
    dataset.readInto(Uint32Array.from(indices), pixels);
    const images = indices.map((index) => dataset.images[index]!);
    const paths = images.map(({ path }) => shownText(path));
    this.send({ kind: "images", id, paths, classes: images.map(({ className }) => className) }, pixels);
  }
}

const PROGRESS_EVERY_MS = 50;

function throttled(report: (done: number, total: number) => void): (done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (now - last < PROGRESS_EVERY_MS && done < total) return;
    last = now;
    report(done, total);
  };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
}
