/** Columns beside a run's metrics: what is read from them is what the text says, whatever happened to either. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MetricsTail } from "../../../src/core/run/metricsTail.ts";
import { AXES, MEASURES, RunColumns } from "../../../src/core/series/columns.ts";
import { columnsBlock, columnsHeader, readColumns, swapped } from "../../../src/core/series/columnsFormat.ts";
import { EXACT_FIELDS, packLines, ROUNDED_FIELDS } from "../../../src/core/series/packedLines.ts";
import { BLOCK_ROWS, ColumnsKeeper, columnsFile, loadColumns } from "../../../src/node/run/columnsFile.ts";
import { ColumnsStorage } from "../../../src/node/run/columnsStorage.ts";
import { crc32 } from "../../../src/node/run/crc32.ts";
import { metricsFile } from "../../../src/node/run/metrics.ts";
import { MetricsFollower } from "../../../src/node/run/metricsFollower.ts";
import { MetricsWriter } from "../../../src/trainer/run/metricsWriter.ts";
import { seededRandom } from "../../support/damageRun.ts";
import { madeUpStep } from "../../support/runFolders.ts";
import { temporaryFolder } from "./support.ts";

const STARTED = Date.parse("2026-01-01T00:00:00.000Z");
const lock = { glance: () => {} };

type Table = readonly (readonly number[])[];

const tableOf = (columns: RunColumns): Table =>
  [...AXES.map((axis) => columns.axis(axis)), ...MEASURES.map((measure) => columns.measure(measure))].map((column) => [
    ...column.subarray(0, columns.length),
  ]);

/** What the text says, read line by line. */
function fromText(runDir: string): Table {
  const columns = new RunColumns(STARTED);
  columns.add(new MetricsTail().feed(readFileSync(metricsFile(runDir))));
  return tableOf(columns);
}

/** What a dashboard shows in the end. @returns how it came to that, too */
async function followed(runDir: string, storage: ColumnsStorage | null = null) {
  const columns = new RunColumns(STARTED);
  let resets = 0;
  let failure: unknown;
  const follower = new MetricsFollower(
    runDir,
    {
      lines(parts, reset) {
        if (reset) columns.clear();
        if (reset) resets++;
        columns.addPacked(parts);
      },
      failed: (error) => {
        failure = error;
      },
    },
    storage,
  );
  onTestFinished(() => follower.dispose());
  const expected = fromText(runDir);
  await expect.poll(() => tableOf(columns), { timeout: 20_000, interval: 20 }).toEqual(expected);
  follower.dispose();
  expect(failure).toBeUndefined();
  return { resets };
}

const held = async (runDir: string): Promise<number> =>
  (await loadColumns([columnsFile(runDir)], metricsFile(runDir)))?.textEnd ?? 0;

/** A run of one session. */
function run(steps: number, seed = 0): string {
  const runDir = temporaryFolder();
  const writer = new MetricsWriter(runDir, null, lock);
  for (let step = 1; step <= steps; step++) writer.append(madeUpStep(seed, step));
  writer.finish();
  writer.close();
  return runDir;
}

describe("metrics.columns", () => {
  test.each(Array.from({ length: 8 }, (_, seed) => seed))(
    "holds what the text says, over sessions that are killed, resumed and mixed up (history %d)",
    async (seed) => {
      const random = seededRandom(seed);
      const below = (n: number) => Math.floor(n * random());
      const runDir = temporaryFolder();
      let step = 0;
      for (let session = 0; session < 6; session++) {
        const resumed = session === 0 ? null : Math.max(0, step - below(400));
        const writer = new MetricsWriter(runDir, resumed, lock);
        step = resumed ?? 0;
        for (let line = below(3000); line > 0; line--) {
          step = Math.max(1, random() < 0.01 ? step - below(300) : step + 1 + below(3));
          const { type: _, ...metrics } = madeUpStep(seed, step);
          writer.append({ ...metrics, loss: random() < 0.05 ? Number.NaN : metrics.loss });
          const odd = [`{"type":"note","at":${step}}\n`, '{"type":"st\n', `{"type":"resume","step":${below(step)}}\n`];
          if (random() < 0.003) appendFileSync(metricsFile(runDir), odd[below(odd.length)]!);
        }
        const isKilled = random() < 0.5;
        if (!isKilled) writer.finish();
        writer.close();
        // In the middle of a line, or of a block.
        if (isKilled) truncateSync(metricsFile(runDir), statSync(metricsFile(runDir)).size - below(50));
        if (isKilled && existsSync(columnsFile(runDir)) && random() < 0.5) {
          truncateSync(columnsFile(runDir), statSync(columnsFile(runDir)).size - below(5000));
        }
        await followed(runDir);
      }
      expect(await held(runDir)).toBeGreaterThan(0);
    },
  );

  test("reaches to the text's end after a session, begins with the first block, and goes on from where it ended", async () => {
    const runDir = run(BLOCK_ROWS - 1);
    expect(existsSync(columnsFile(runDir))).toBe(false);
    const next = new MetricsWriter(runDir, BLOCK_ROWS - 1, lock);
    next.append(madeUpStep(0, BLOCK_ROWS));
    next.finish();
    next.close();
    expect(await held(runDir)).toBe(statSync(metricsFile(runDir)).size);
    const before = readFileSync(columnsFile(runDir));
    const last = new MetricsWriter(runDir, BLOCK_ROWS, lock);
    last.append(madeUpStep(0, BLOCK_ROWS + 1));
    last.finish();
    last.close();
    expect(readFileSync(columnsFile(runDir)).subarray(0, before.length).equals(before)).toBe(true);
    expect(await held(runDir)).toBe(statSync(metricsFile(runDir)).size);
    expect((await followed(runDir)).resets).toBe(0);
  });

  test("is taken up to the first damage, wherever that is, and mended by the next session", async () => {
    const runDir = run(3 * BLOCK_ROWS);
    const whole = readFileSync(columnsFile(runDir));
    const random = seededRandom(3);
    for (let trial = 0; trial < 20; trial++) {
      const damaged = Buffer.from(whole);
      const at = Math.floor(random() * whole.length);
      damaged[at]! ^= 1 + Math.floor(255 * random());
      writeFileSync(columnsFile(runDir), damaged);
      await followed(runDir);
    }
    new ColumnsKeeper(runDir).catchUp(true);
    expect(await held(runDir)).toBe(statSync(metricsFile(runDir)).size);
    await followed(runDir);
  });

  const other = (text: Buffer): Buffer => {
    const lines = text.toString().split("\n");
    lines[100] = lines[100]!
      .replace(/"loss":0\.\d/, '"loss":0.X')
      .replace("X", lines[100]!.includes("0.9") ? "8" : "9");
    return Buffer.from(lines.join("\n"));
  };
  test.each<[what: string, change: (text: Buffer) => Buffer]>([
    ["replaced by another run's", () => readFileSync(metricsFile(run(4 * BLOCK_ROWS, 2)))],
    ["cut", (text) => text.subarray(0, text.length - 1000)],
    ["emptied", () => Buffer.alloc(0)],
    ["edited by one digit far from its end", other],
  ])("of a text that was %s is not believed, and written anew by the next session", async (_, change) => {
    const runDir = run(3 * BLOCK_ROWS);
    const text = readFileSync(metricsFile(runDir));
    writeFileSync(metricsFile(runDir), change(text));
    expect(readFileSync(metricsFile(runDir)).equals(text)).toBe(false);
    await followed(runDir);
    const size = statSync(metricsFile(runDir)).size;
    const writer = new MetricsWriter(runDir, null, lock);
    for (let step = 1; step <= BLOCK_ROWS; step++) writer.append(madeUpStep(0, 10_000 + step));
    writer.finish();
    writer.close();
    expect(await held(runDir)).toBeGreaterThan(size);
    expect((await followed(runDir)).resets).toBe(0);
  });

  test("does without columns that an older version had not, and lets alone those that a newer one has", async () => {
    const runDir = run(2 * BLOCK_ROWS);
    const path = columnsFile(runDir);
    const own = readFileSync(path);
    const renamed = (from: string, to: string): Buffer => {
      expect(to).toHaveLength(from.length);
      return Buffer.from(own.toString("latin1").replace(`"${from}"`, `"${to}"`), "latin1");
    };
    writeFileSync(path, renamed("gradNorm", "somethng"));
    const read = readColumns(new Uint8Array(readFileSync(path)), crc32)!;
    expect(read.columns).toBe("newer");
    expect(read.blocks.length).toBeGreaterThan(0);
    const columns = new RunColumns(STARTED);
    columns.addPacked(read.blocks.map(({ lines }) => lines));
    expect(columns.measure("gradNorm")[7]).toBeNaN();
    expect(columns.measure("loss")[7]).toBe(Math.fround(madeUpStep(0, 8).loss!));
    new ColumnsKeeper(runDir).catchUp(true);
    expect(readFileSync(path).equals(renamed("gradNorm", "somethng"))).toBe(true);
    writeFileSync(path, renamed("seconds", "minutes"));
    await followed(runDir);
  });

  test("is described with all of its columns", () => {
    const described = readFileSync(join(import.meta.dirname, "../../../docs/run-format.md"), "utf8");
    const section = described.slice(described.indexOf("## metrics.columns"), described.indexOf("## images/"));
    const ranges = /^loss[12]$/; // between the two that are named
    for (const name of [...EXACT_FIELDS, ...ROUNDED_FIELDS].filter((field) => !ranges.test(field))) {
      expect(section).toContain(`\`${name}\``);
    }
  });

  test("is little endian, and says in words what it holds", () => {
    const [header] = Buffer.from(columnsHeader()).toString().split("\n");
    expect(columnsHeader().length % 8).toBe(0);
    expect(JSON.parse(header!)).toMatchObject({ format: "maskdm metrics.columns", version: 1 });
    const lines = packLines([madeUpStep(0, 258), { type: "resume", step: 7 }]);
    const block = Buffer.from(columnsBlock({ lines, textEnd: 1000, textCrc: 0x01020304 }, crc32));
    expect(block.readUInt32LE(0)).toBe(block.length);
    expect(block.readUInt32LE(4)).toBe(crc32(block.subarray(8), 0));
    expect([block.readDoubleLE(8), block.readUInt32LE(16)]).toEqual([1000, 0x01020304]);
    expect([block.readUInt32LE(20), block.readUInt32LE(24), block.readDoubleLE(32)]).toEqual([1, 1, 258]);
    expect([...swapped(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 4, true)]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  });

  test("is not written where the disk refuses, and the metrics are", async () => {
    const runDir = temporaryFolder();
    const writer = new MetricsWriter(runDir, null, lock);
    for (let step = 1; step <= BLOCK_ROWS; step++) writer.append(madeUpStep(0, step));
    rmSync(columnsFile(runDir));
    copyFileSync(metricsFile(runDir), join(runDir, "copy"));
    rmSync(metricsFile(runDir)); // what it would read next
    for (let step = 1; step <= BLOCK_ROWS; step++) writer.append(madeUpStep(0, BLOCK_ROWS + step));
    writer.finish();
    writer.close();
    expect(existsSync(columnsFile(runDir))).toBe(false);
  });
});

describe("ColumnsStorage", () => {
  test("holds what was read of a long text, once, and is used the next time, as far as it is of that text", async () => {
    const runDir = run(12 * BLOCK_ROWS);
    rmSync(columnsFile(runDir));
    const folder = join(temporaryFolder(), "columns");
    const failures: unknown[] = [];
    const storage = new ColumnsStorage(folder, (error) => failures.push(error));
    await followed(runDir, storage);
    const kept = storage.fileOf(runDir);
    await expect.poll(() => existsSync(kept)).toBe(true);
    const loaded = await loadColumns([columnsFile(runDir), kept], metricsFile(runDir));
    expect(loaded!.textEnd).toBeGreaterThan(0.8 * statSync(metricsFile(runDir)).size);
    const { mtimeMs } = statSync(kept);
    expect((await followed(runDir, storage)).resets).toBe(0);
    expect(statSync(kept).mtimeMs).toBe(mtimeMs);
    writeFileSync(metricsFile(runDir), readFileSync(metricsFile(run(3 * BLOCK_ROWS, 1))));
    await followed(runDir, storage);
    expect(failures).toEqual([]);
  });

  test("forgets the oldest, and goes without where it cannot write", () => {
    const folder = temporaryFolder();
    const failures: unknown[] = [];
    const storage = new ColumnsStorage(folder, (error) => failures.push(error));
    for (let i = 0; i < 410; i++) storage.keep(`/runs/${i}`, []);
    expect(readdirSync(folder)).toHaveLength(400);
    expect(existsSync(storage.fileOf("/runs/409"))).toBe(true);
    writeFileSync(join(folder, "file"), "");
    new ColumnsStorage(join(folder, "file"), (error) => failures.push(error)).keep("/runs/1", []);
    expect(failures).toHaveLength(1);
  });
});
