/** Going on with a report: only with what can stand beside the rows that it has. */
import { BadUsage, type Options } from "./options.ts";
import type { BenchRecord, EngineFacts } from "./record.ts";

type Settings = BenchRecord["settings"];
type Machine = BenchRecord["machine"];

export function settingsOf(options: Options): Settings {
  const { threads, rounds, blockSeconds, rowMinutes, microBatch, samplingSteps } = options;
  return { threads, rounds, blockSeconds, rowMinutes, microBatch, samplingSteps };
}

const OPTION: Readonly<Record<keyof Settings, string>> = {
  threads: "--threads",
  rounds: "--rounds",
  blockSeconds: "--block-seconds",
  rowMinutes: "--row-minutes",
  microBatch: "--micro-batch",
  samplingSteps: "--sampling-steps",
};

const PART: Readonly<Record<keyof Machine, string>> = {
  processor: "processor",
  cores: "number of cores",
  memoryGiB: "memory in GiB",
  system: "system",
};

/** @throws BadUsage naming the option or the part of the machine that is another than the report's */
export function requireComparable(before: BenchRecord, settings: Settings, machine: Machine): void {
  for (const [key, option] of entries(OPTION)) {
    const [had, has] = [before.settings[key], settings[key]].map((value) => value ?? "not given");
    if (had !== has)
      throw new BadUsage(`--resume: ${option} was ${had} in the report, and is ${has}; both have to agree`);
  }
  for (const [key, part] of entries(PART)) {
    const [had, has] = [before.machine[key], machine[key]];
    if (had !== has)
      throw new BadUsage(`--resume: the report is another machine's: its ${part} is ${had}, here ${has}`);
  }
}

const entries = <K extends string>(names: Readonly<Record<K, string>>): [K, string][] =>
  Object.entries(names) as [K, string][];

/** What is known at a start, the first or a resumption. */
export interface StartFacts extends Pick<BenchRecord, "engines" | "missing" | "planned"> {
  readonly args: readonly string[];
  readonly load: number;
}

/** The command that measures the same from the beginning. */
export const commandOf = (args: readonly string[]): string =>
  ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" ");

/**
 * The report with what is known of the engines now. The better of both measurements of a peak counts.
 * @throws BadUsage where an engine of the report takes no part, since a row is measured with all of them, or is another version
 */
export function resumed(before: BenchRecord, now: StartFacts): BenchRecord {
  for (const { id, version, threads } of before.engines) {
    const found = now.engines.find((engine) => engine.id === id);
    if (!found) {
      const reason = now.missing.find((engine) => engine.id === id)?.reason ?? "it was not asked for";
      throw new BadUsage(`--resume: the report has the engine ${id}, which takes no part now: ${reason}`);
    }
    if (found.version !== version || found.threads !== threads) {
      const text = (facts: Pick<EngineFacts, "version" | "threads">) => `${facts.version} on ${facts.threads} threads`;
      throw new BadUsage(`--resume: ${id} was ${text({ version, threads })} in the report, and is ${text(found)}`);
    }
  }
  const engines = mergePeaks(before.engines, now.engines);
  const missing = [...before.missing, ...now.missing].filter(
    ({ id }, i, all) => all.findIndex((other) => other.id === id) === i && !engines.some((engine) => engine.id === id),
  );
  const planned = {
    cells: unique([...before.planned.cells, ...now.planned.cells]),
    sampling: unique([...before.planned.sampling, ...now.planned.sampling]),
  };
  const args = now.args.filter((arg) => arg !== "--resume");
  const more = commandOf([...args, "--resume"]);
  const isKnown = before.command.split(" && ").some((known) => known === commandOf(args) || known === more);
  const command = isKnown ? before.command : `${before.command} && ${more}`;
  return { ...before, command, engines, missing, planned, loadBefore: [...before.loadBefore, now.load] };
}

const unique = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];

/** What is known of engines now beside what was known before, with the better of both measurements of a peak. */
export function mergePeaks(before: readonly EngineFacts[], now: readonly EngineFacts[]): EngineFacts[] {
  const better = (a: EngineFacts["peak"], b: EngineFacts["peak"]) =>
    a && (!b || a.flopsPerSecond > b.flopsPerSecond) ? a : b;
  const updated = before.map((engine) => {
    const fresh = now.find(({ id }) => id === engine.id);
    return fresh ? { ...fresh, peak: better(engine.peak, fresh.peak) } : engine;
  });
  return [...updated, ...now.filter(({ id }) => !before.some((engine) => engine.id === id))];
}
