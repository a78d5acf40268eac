/**
 * Holds forecasts against runs: npm run bench:forecast -- [--seconds 60] [--only NAME,…] [--out docs/benchmarks] [--fresh]
 * Six runs of so many seconds, each measured beforehand: some ten minutes, on a machine that does nothing else. What was measured is kept in
 * out/forecast, and is not measured again; --fresh forgets it. `npm run build` first.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, platform, release } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { parseStatus } from "../../src/core/run/status.ts";
import { thisMachine } from "../../src/node/machine.ts";
import { CASES, type Case } from "./cases.ts";
import { errorOf, GOAL, type Machine, markdown, type Result, resultSchema } from "./report.ts";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "dist/maskdm.js");
const work = join(root, "out/forecast");
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    only: { type: "string" },
    out: { type: "string", default: "docs/benchmarks" },
    fresh: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const names = values.only?.split(",") ?? CASES.map(({ name }) => name);
const unknown = names.find((name) => CASES.every((one) => one.name !== name));
if (!(seconds >= 1)) throw new Error(`--seconds ${values.seconds}: a number of at least 1 is needed`);
if (unknown !== undefined)
  throw new Error(`--only: there is no ${unknown}; there are ${CASES.map(({ name }) => name)}`);
if (!existsSync(program)) throw new Error("there is no dist/maskdm.js: npm run build");
if (values.fresh) rmSync(work, { recursive: true, force: true });

const machine: Machine = {
  processor: thisMachine().cpu,
  cores: thisMachine().cores,
  system: `${platform()} ${release().split("-")[0]}`,
};
/** Steps of the trial on which the number of steps is decided. */
const TRIAL_STEPS = 1000;

/** @param knows folder of what is known of the machine's speed */
function maskdm(knows: string, ...args: string[]): string {
  const places = { XDG_DATA_HOME: knows, LOCALAPPDATA: knows };
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  return execFileSync(process.execPath, [program, ...args], {
    cwd: work,
    env: { ...process.env, ...places },
    encoding: "utf8",
    stdio,
  });
}

const forecastSchema = z
  .array(z.object({ time: z.object({ totalSeconds: z.number(), parts: z.record(z.string(), z.number()) }) }))
  .length(1);

/** Seconds of a stage's work, without starting up. */
function forecast(knows: string, file: string, { stage }: Case, ...more: string[]) {
  const [{ time }] = forecastSchema.parse(
    JSON.parse(maskdm(knows, "forecast", file, "--stage", stage, "--json", ...more)),
  ) as [z.output<typeof forecastSchema>[number]];
  return { seconds: time.totalSeconds - (time.parts["startUp"] ?? 0), steps: time.parts["steps"] ?? 0 };
}

function measure(one: Case): Result {
  const load = loadavg()[0] ?? 0;
  const { name, stage, what } = one;
  const file = `${name}.maskdm.yaml`;
  const write = (steps: number): void =>
    writeFileSync(join(work, file), JSON.stringify(one.experiment(join(root, "examples/emoji/images"), steps)));
  const knows = join(work, `measured-${name}`);
  write(TRIAL_STEPS);
  const trial = forecast(knows, file, one, "--measure");
  const besides = trial.seconds - trial.steps;
  const steps = Math.max(100, Math.round((TRIAL_STEPS * (seconds - besides)) / trial.steps));
  write(steps);
  const same = forecast(knows, file, one).seconds;
  const first = CASES[0]!.name;
  const scaled = name === first ? null : forecast(join(work, `measured-${first}`), file, one).seconds;
  const run = join(work, "runs", name);
  rmSync(run, { recursive: true, force: true });
  const from = stage === "finetune" ? ["--from", join(work, "runs", first)] : [];
  maskdm(knows, stage, file, "--run", name, ...from);
  const status = parseStatus(readFileSync(join(run, "status.json"), "utf8"));
  if (!status.ok || status.value.state !== "finished") throw new Error(`${run} has not finished`);
  const { workSeconds = 0, forecasts = [] } = status.value;
  const own = forecasts.find(({ basis }) => basis === "own");
  if (own === undefined) throw new Error(`${run} has made no forecast of its own`);
  const { backend } = z.object({ backend: z.string() }).parse(JSON.parse(readFileSync(join(run, "run.json"), "utf8")));
  const made = { own: own.seconds, same, scaled };
  return { name, what, seconds, machine, backend, load, steps, took: workSeconds, forecasts: made };
}

/** What was measured of the case before, on this machine and of this length; null: nothing. */
function kept({ name, what }: Case): Result | null {
  try {
    const result = resultSchema.parse(JSON.parse(readFileSync(join(work, `${name}.json`), "utf8")));
    const isSame = result.what === what && result.seconds === seconds;
    return isSame && JSON.stringify(result.machine) === JSON.stringify(machine) ? result : null;
  } catch {
    return null;
  }
}

mkdirSync(work, { recursive: true });
const date = new Date().toISOString().slice(0, 10);
const command = `npm run bench:forecast${seconds === 60 ? "" : ` -- --seconds ${seconds}`}`;
const target = resolve(root, values.out, `${date}-forecast.md`);
const results: Result[] = [];
for (const one of CASES.filter(({ name }) => names.includes(name))) {
  const before = kept(one);
  const result = before ?? measure(one);
  if (before === null) writeFileSync(join(work, `${one.name}.json`), JSON.stringify(result, null, 1));
  results.push(result);
  const { own, same } = result.forecasts;
  const off = (value: number): string => `${(100 * errorOf(value, result.took)).toFixed(1)} %`;
  process.stderr.write(
    `${one.name}: took ${result.took.toFixed(1)} s; off by ${off(own)} after 50 steps, by ${off(same)} before\n`,
  );
  mkdirSync(resolve(root, values.out), { recursive: true });
  writeFileSync(`${target}.new`, markdown(results, names, command, date));
  renameSync(`${target}.new`, target);
}
process.stdout.write(`${target}\n`);
process.exitCode = results.every(({ took, forecasts }) => Math.abs(errorOf(forecasts.own, took)) <= GOAL) ? 0 : 1;
