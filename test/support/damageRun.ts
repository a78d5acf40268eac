/** Seeded damage to run folders: what crashes, other programs, restored backups and ill will may leave. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { seededRandom } from "../unit/lint/mutate.ts";

export { seededRandom };
export type Random = () => number;

/** Changes the bytes of a file. */
type Change = (bytes: Buffer, random: Random) => Buffer | string;
/** Puts something else in a file's place. */
type Replacement = (path: string, random: Random) => void;

const below = (random: Random, end: number): number => Math.floor(random() * end);
const pick = <T>(random: Random, all: readonly T[]): T => all[below(random, all.length)]!;

const NUMBERS = [
  "1e30",
  "1e308",
  "1e400",
  "-1",
  "0",
  "1e-30",
  "9007199254740993",
  "0.5",
  "null",
  '"7"',
  "[]",
  "2147483648",
];
/** Characters that a terminal, a list or a reader of lines may stumble over. */
const CHARACTERS = [
  "\\u0000",
  "\\u001b[31m",
  "\\n",
  "\\r",
  "\\u202e",
  "\\ud800",
  "\\u2028",
  "😀",
  "|",
  "<b>",
  "$(error)",
  "`",
];

const CHANGES: Readonly<Record<string, Change>> = {
  cut: (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1)),
  empty: () => "",
  garbled: (bytes, random) => {
    const garbled = Buffer.from(bytes);
    for (let i = 0; i < 1 + garbled.length / 50; i++) garbled[below(random, garbled.length)] = below(random, 256);
    return garbled;
  },
  noise: (bytes, random) => Buffer.from(bytes.map(() => below(random, 256))),
  zeros: (bytes) => Buffer.alloc(bytes.length + 512),
  twice: (bytes) => Buffer.concat([bytes, bytes]),
  longer: (bytes, random) => Buffer.concat([bytes, Buffer.alloc(1 << 20, pick(random, ["x", "\n", "[", "{"]))]),
  utf16: (bytes) => Buffer.from(`\ufeff${bytes.toString("utf8")}`, "utf16le"),
  byteOrderMark: (bytes) => `\ufeff${bytes.toString("utf8")}`,
  windows: (bytes) => bytes.toString("utf8").replaceAll("\n", "\r\n"),
  numbers: (bytes, random) =>
    bytes
      .toString("utf8")
      .replace(/(?<=[:[,] ?)-?\d[\d.e+-]*/g, (number) => (random() < 0.2 ? pick(random, NUMBERS) : number)),
  newer: (bytes, random) =>
    bytes
      .toString("utf8")
      .replace(/("formatVersion": ?)\d+/, (_, key: string) => key + pick(random, ["2", "1e9", '"3"'])),
  deep: (bytes) => bytes.toString("utf8").replace("{", `{"deep":${"[".repeat(50_000)}${"]".repeat(50_000)},`),
  prototype: (bytes) =>
    bytes.toString("utf8").replace("{", '{"__proto__":{"state":"x"},"constructor":1,"toString":null,'),
  characters: (bytes, random) =>
    bytes
      .toString("utf8")
      .replace(/(?<=[:[,] ?")[^"\\]*(?=")/g, (text) => (random() < 0.3 ? text + pick(random, CHARACTERS) : text)),
  longTexts: (bytes) => bytes.toString("utf8").replace(/(?<=: ?")[^"\\]*(?=")/, (text) => text + "y".repeat(1 << 20)),
  times: (bytes, random) =>
    bytes
      .toString("utf8")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, () =>
        pick(random, ["9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "never"]),
      ),
  shuffled: (bytes, random) =>
    bytes
      .toString("utf8")
      .split("\n")
      .map((line) => ({ line, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ line }) => line)
      .join("\n"),
};

const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  missing: (path) => rmSync(path, { recursive: true }),
  folder: (path) => {
    rmSync(path, { recursive: true });
    mkdirSync(join(path, "inside"), { recursive: true });
  },
  file: (path) => {
    rmSync(path, { recursive: true });
    writeFileSync(path, "a file\n");
  },
  pipe: (path) => {
    rmSync(path, { recursive: true });
    execFileSync("mkfifo", [path]);
  },
  circle: (path) => link(basename(path), path),
  up: (path) => link("..", path),
  self: (path) => link(".", path),
  nowhere: (path) => link("nowhere", path),
  endless: (path) => link("/dev/zero", path),
  swapped: (path, random) => {
    const others = filesIn(dirname(path)).filter((other) => other !== path);
    if (others.length === 0 || statSync(path).isDirectory()) return;
    const other = pick(random, others);
    const temporary = `${path}.swapped`;
    renameSync(path, temporary);
    renameSync(other, path);
    renameSync(temporary, other);
  },
  // A folder could not be removed afterwards.
  unreadable: (path) => {
    if (statSync(path).isFile()) chmodSync(path, 0);
  },
};

/** What the system that runs the tests has not. */
const NOT_ON_WINDOWS = new Set(["pipe", "circle", "up", "self", "nowhere", "endless", "unreadable"]);

function link(target: string, path: string): void {
  rmSync(path, { recursive: true });
  symlinkSync(target, path);
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .sort();

/** Parts of a run folder that are damaged, as relative paths. */
const PARTS = [
  ...["run.json", "status.json", "metrics.jsonl", "experiment.maskdm.yaml", "annotations.json", "log.txt"],
  ...["samples/step-00000100.png", "samples/step-00000200.png", "samples", "checkpoints", "lock-0001.json"],
  ...["checkpoints/step-00000100/state.json", "checkpoints/step-00000100/model.safetensors"],
];

export interface Damage {
  readonly what: string;
  /** the parts that are no longer as they were; a folder stands for what is in it */
  readonly parts: ReadonlySet<string>;
}

/** Damages a run folder in one to three places. */
export function damageRun(dir: string, random: Random): Damage {
  const kinds = Object.keys(REPLACEMENTS).filter((kind) => process.platform !== "win32" || !NOT_ON_WINDOWS.has(kind));
  const names = [...Object.keys(CHANGES), ...kinds];
  const parts = new Set<string>();
  const done: string[] = [];
  for (let i = 0; i <= below(random, 3); i++) {
    const part = pick(random, PARTS);
    const kind = pick(random, names);
    const path = join(dir, part);
    if ([...parts].some((other) => part === other || part.startsWith(`${other}/`))) continue;
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    const change = CHANGES[kind];
    if (change !== undefined && !found.isFile()) continue;
    if (change !== undefined) writeFileSync(path, change(readFileSync(path), random));
    else {
      if (kind === "swapped") for (const other of PARTS) if (dirname(other) === dirname(part)) parts.add(other);
      REPLACEMENTS[kind]!(path, random);
    }
    parts.add(part);
    done.push(`${part} ${kind}`);
  }
  return { what: done.join(", "), parts };
}

/** Names of folders that are hard to show. */
export const ODD_NAMES = [
  "a\u001b[31mred",
  "line\nbreak",
  "\u202eesrever",
  "n".repeat(200),
  "-rf",
  "😀",
  "a|b",
  "tab\there",
];

/** Copies a run folder, file by file. */
export function copyRun(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) copyRun(join(from, entry.name), join(to, entry.name));
    else copyFileSync(join(from, entry.name), join(to, entry.name));
  }
}
