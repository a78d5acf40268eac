/** An event file of TensorBoard that comes to hold what it is told to, whatever it holds already: nothing twice, and nothing that no longer counts. */
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../core/errors.ts";
import { readEvent, restartEvent, versionEvent } from "../../core/tensorboard/events.ts";
import { maskedCrc, RECORD_HEAD, RECORD_TAIL, recordLength, tfRecord } from "../../core/tensorboard/tfRecord.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { writeFully } from "../../node/run/files.ts";

/** An event of a series. */
export interface Point {
  readonly step: number;
  /** checksum of its bytes, which tells it from another one */
  readonly crc: number;
  readonly bytes: () => Uint8Array;
}

export const pointOf = (step: number, bytes: () => Uint8Array): Point => ({ step, crc: maskedCrc(bytes()), bytes });

/** Steps ascend. */
export type Series = ReadonlyMap<string, readonly Point[]>;
type Written = Pick<Point, "step" | "crc">;

/** So much is written at once. */
const WRITE_BYTES = 2 ** 20;

export class EventLog {
  private readonly fd: number;
  /** what counts of what is in the file, by the first tag of its events */
  private readonly written = new Map<string, Written[]>();
  private size = 0;

  /**
   * Opens a file, or makes it with its folder. What follows the last whole record, as a kill leaves it, is cut off.
   * @throws UserError where the disk refuses
   */
  constructor(
    readonly path: string,
    startedAt: number,
  ) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.fd = openSync(path, "a+");
    } catch (error) {
      throw asDiskError(error, { path });
    }
    this.guard(() => {
      this.read();
      ftruncateSync(this.fd, this.size);
      if (this.size === 0) this.append([versionEvent(startedAt)]);
    });
  }

  close(): void {
    closeSync(this.fd);
  }

  /**
   * Appends what is missing. Where something that was written is other by now, as after a resume from an earlier step, TensorBoard is
   * told to forget everything from that step on, and it is written anew.
   * @throws UserError where the disk refuses, or another program writes the same file
   */
  hold(series: Series): void {
    const from = this.firstChange(series);
    const events: Uint8Array[] = [];
    if (from !== null) {
      this.cut(from);
      events.push(restartEvent({ wallTime: Date.now() / 1000, step: from }));
    }
    const missing = [...series].flatMap(([name, points]) =>
      points.slice(this.of(name).length).map((point) => ({ name, point })),
    );
    missing.sort((a, b) => a.point.step - b.point.step);
    this.guard(() => {
      for (const { name, point } of missing) {
        events.push(point.bytes());
        this.of(name).push({ step: point.step, crc: point.crc });
        if (events.length % 1000 === 0) this.append(events.splice(0));
      }
      this.append(events);
    });
  }

  /** The first step of which something else was written than there is; null: all that was written holds. */
  private firstChange(series: Series): number | null {
    let first = Number.POSITIVE_INFINITY;
    for (const [name, written] of this.written) {
      const points = series.get(name) ?? [];
      const at = written.findIndex(({ step, crc }, i) => points[i]?.step !== step || points[i].crc !== crc);
      if (at >= 0) first = Math.min(first, written[at]!.step, points[at]?.step ?? Number.POSITIVE_INFINITY);
    }
    return Number.isFinite(first) ? first : null;
  }

  private of(name: string): Written[] {
    const known = this.written.get(name) ?? [];
    this.written.set(name, known);
    return known;
  }

  /** Forgets a step and those after it. */
  private cut(from: number): void {
    for (const written of this.written.values()) {
      const end = written.findIndex(({ step }) => step >= from);
      if (end >= 0) written.length = end;
    }
  }

  private append(events: readonly Uint8Array[]): void {
    if (events.length === 0) return;
    if (fstatSync(this.fd).size !== this.size) {
      throw new UserError(
        `${this.path} is written by another program. Let one export follow a run at a time.`,
        "failure",
      );
    }
    let records: Uint8Array[] = [];
    let bytes = 0;
    const write = (): void => {
      writeFully(this.fd, Buffer.concat(records));
      this.size += bytes;
      [records, bytes] = [[], 0];
    };
    for (const event of events) {
      const record = tfRecord(event);
      records.push(record);
      bytes += record.length;
      if (bytes >= WRITE_BYTES) write();
    }
    write();
  }

  /** Takes in what is there, up to the first record that is not whole. */
  private read(): void {
    for (let data = this.record(); data !== null; data = this.record()) {
      const event = readEvent(data);
      if (event.kind === "restart") this.cut(event.step);
      else if (event.kind === "values") this.of(event.tag).push({ step: event.step, crc: maskedCrc(data) });
      this.size += RECORD_HEAD + data.length + RECORD_TAIL;
    }
  }

  private record(): Uint8Array | null {
    const head = Buffer.alloc(RECORD_HEAD);
    const left = fstatSync(this.fd).size - this.size;
    if (readSync(this.fd, head, 0, RECORD_HEAD, this.size) < RECORD_HEAD) return null;
    const length = recordLength(head);
    if (length === null || RECORD_HEAD + length + RECORD_TAIL > left) return null;
    const rest = Buffer.alloc(length + RECORD_TAIL);
    readSync(this.fd, rest, 0, rest.length, this.size + RECORD_HEAD);
    const data = rest.subarray(0, length);
    return rest.readUInt32LE(length) === maskedCrc(data) ? data : null;
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw error instanceof UserError ? error : asDiskError(error, { path: this.path });
    }
  }
}
