/** The benchmark's command line. */
import { parseArgs } from "node:util";
import { usableCores } from "../../src/node/machine.ts";
import { BACKEND_NAMES } from "../../src/trainer/engine/tryBackend.ts";
import { PRESETS, type Preset } from "./presets.ts";

export const TORCH_ENGINES = ["pytorch", "pytorch-compile"] as const;
export const ENGINE_IDS: readonly string[] = [...BACKEND_NAMES, ...TORCH_ENGINES];

const PARTS = ["steps", "sampling"] as const;
/** Not a part of a report: its table goes to the terminal. */
const PRODUCTS = "products";
export type Part = (typeof PARTS)[number] | typeof PRODUCTS;

export const HELP = `Training steps and sampling on this machine, by every engine that works here, taking turns.

  npm run bench -- [options]
    --engines ${ENGINE_IDS.join(",")}
                             default: all that work; those on a graphics card only where there is one
    --models tiny,S,B        default: all
    --mask-rates 0,0.9       strategy patch; default: tiny and S 0,0.5,0.75,0.9; B 0.9
    --batch-sizes 32         default: tiny and S 8,32,128; B 8
    --micro-batch 8          images per forward and backward pass of all engines (default: what training would take for as
                             much memory as each engine can have)
    --rounds 5               blocks of each engine, at least 3
    --block-seconds 2        least length of a block
    --row-minutes 20         most time for the blocks of a row; slow engines get fewer rounds, or are left out
    --threads 2              of each engine (default: the cores)
    --only steps|sampling    one half of the benchmark
    --only products          matrix products alone, by the native kernels for each instruction set of the processor and by
                             PyTorch: a table on the terminal, no report
    --sampling-steps 50      steps of DDIM
    --quick                  tiny and S, mask rates 0 and 0.9, batch 32, blocks of 1 s, without PyTorch compiled and
                             WebAssembly; the report goes to out/bench/report
    --out docs/benchmarks    where the report goes, written anew after every row
    --name training-step     the report's name after the date
    --resume                 go on with the newest report of that name: what it holds is not measured again

PyTorch is found by MASKDM_PYTHON, .venv or the PATH; it needs torch, numpy and safetensors. Keep the machine quiet.
`;

export interface Options {
  /** null: all that work */
  readonly engines: readonly string[] | null;
  readonly models: readonly Preset[];
  /** null: as the preset says */
  readonly maskRates: readonly number[] | null;
  readonly batchSizes: readonly number[] | null;
  readonly microBatch: number | null;
  readonly rounds: number;
  readonly blockSeconds: number;
  readonly rowMinutes: number;
  readonly threads: number;
  readonly samplingSteps: number;
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly out: string;
  readonly name: string;
  readonly resume: boolean;
}

/** The command line is at fault. */
export class BadUsage extends Error {}

/** @throws BadUsage saying which option is wrong */
export function readOptions(args: readonly string[]): Options | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const quick = values.quick ?? false;
  const micro = values["micro-batch"];
  const part = values.only;
  const parts = [...PARTS, PRODUCTS] as const;
  if (part !== undefined && !parts.some((name) => name === part)) {
    throw new BadUsage(`--only: ${part} is neither ${parts.join(" nor ")}`);
  }
  return {
    engines: values.engines?.split(",").map((name) => oneOf(ENGINE_IDS, name, "engines")) ?? null,
    models: (values.models ?? (quick ? "tiny,S" : "tiny,S,B")).split(",").map((name) => {
      const known = oneOf(
        PRESETS.map((preset) => preset.name),
        name,
        "models",
      );
      return PRESETS.find((preset) => preset.name === known)!;
    }),
    maskRates: list(values["mask-rates"] ?? (quick ? "0,0.9" : undefined), (rate) =>
      number(rate, "mask-rates", 0, 0.999),
    ),
    batchSizes: list(values["batch-sizes"] ?? (quick ? "32" : undefined), (size) => count(size, "batch-sizes", 1)),
    microBatch: micro === undefined ? null : count(micro, "micro-batch", 1),
    rounds: count(values.rounds, "rounds", 3),
    blockSeconds: number(values["block-seconds"] ?? (quick ? "1" : "2"), "block-seconds", 0.01),
    rowMinutes: number(values["row-minutes"] ?? (quick ? "4" : "20"), "row-minutes", 0.01),
    threads: count(values.threads, "threads", 1),
    samplingSteps: count(values["sampling-steps"], "sampling-steps", 2),
    parts: part === undefined ? PARTS : parts.filter((name) => name === part),
    quick,
    out: values.out ?? (quick ? "out/bench/report" : "docs/benchmarks"),
    name: values.name,
    resume: values.resume ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { ...flag, short: "h" },
        engines: text,
        models: text,
        "mask-rates": text,
        "batch-sizes": text,
        "micro-batch": text,
        rounds: { ...text, default: "5" },
        "block-seconds": text,
        "row-minutes": text,
        threads: { ...text, default: String(usableCores()) },
        only: text,
        "sampling-steps": { ...text, default: "50" },
        quick: flag,
        out: text,
        name: { ...text, default: "training-step" },
        resume: flag,
      },
    }).values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

const list = <T>(text: string | undefined, read: (item: string) => T): T[] | null => text?.split(",").map(read) ?? null;

function oneOf(known: readonly string[], name: string, what: string): string {
  const found = known.find((candidate) => candidate === name.trim());
  if (found === undefined)
    throw new BadUsage(`--${what}: there is no ${name || "nameless one"}; there are ${known.join(", ")}`);
  return found;
}

function number(value: string, what: string, least: number, most = Number.POSITIVE_INFINITY): number {
  const parsed = Number(value);
  if (value.trim() === "" || !(parsed >= least && parsed <= most)) {
    const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new BadUsage(`--${what}: ${value || "nothing"} is no number ${range}`);
  }
  return parsed;
}

function count(value: string, what: string, least: number): number {
  const parsed = number(value, what, least);
  if (!Number.isInteger(parsed)) throw new BadUsage(`--${what}: ${value} is no whole number`);
  return parsed;
}
