/** The comparison's command line. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { PRESETS, type Preset } from "./presets.ts";

export const HELP = `Images per second of this project's engine and of eager PyTorch, on this machine, taking turns.

  node scripts/bench/compare.mjs [options]
    --models tiny,S          presets (default: both)
    --mask-rates 0,0.5,0.9   strategy patch (default: these)
    --batch-sizes 32         default: tiny 32; S 32, at rates below 0.5 4
    --micro-batch 8          images per forward and backward pass of both engines (default: the batch)
    --pairs 7                blocks of each engine, at least 5 (default 7)
    --block-seconds 2        least length of a block (default 2)
    --threads 2              of each engine (default: the cores)
    --backend onnx           of this project's engine
    --out docs/benchmarks    where the report goes; "none" writes none
    --name onnx-vs-pytorch   the report's name after the date

PyTorch is found by MASKDM_PYTHON, .venv or the PATH; it needs torch, numpy and safetensors. Keep the machine quiet.
`;

export interface Options {
  readonly models: readonly Preset[];
  readonly maskRates: readonly number[];
  /** null: as the preset says */
  readonly batchSizes: readonly number[] | null;
  readonly microBatch: number | null;
  readonly pairs: number;
  readonly blockSeconds: number;
  readonly threads: number;
  readonly backend: string;
  readonly out: string;
  readonly name: string;
}

/** The command line is at fault. */
export class BadUsage extends Error {}

export function readOptions(args: readonly string[]): Options | "help" {
  const optional = { type: "string" } as const;
  const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h" },
      models: text("tiny,S"),
      "mask-rates": text("0,0.5,0.9"),
      "batch-sizes": optional,
      "micro-batch": optional,
      pairs: text("7"),
      "block-seconds": text("2"),
      threads: text(String(availableParallelism())),
      backend: text("onnx"),
      out: text("docs/benchmarks"),
      name: text("onnx-vs-pytorch"),
    },
  });
  if (values.help) return "help";
  const number = (value: string, what: string, least: number, most = Number.POSITIVE_INFINITY) => {
    const parsed = Number(value);
    if (value.trim() === "" || !(parsed >= least && parsed <= most)) {
      throw new BadUsage(`--${what}: ${value} is no number from ${least} to ${most}`);
    }
    return parsed;
  };
  const count = (value: string, what: string, least: number) => {
    const parsed = number(value, what, least);
    if (!Number.isInteger(parsed)) throw new BadUsage(`--${what}: ${value} is no whole number`);
    return parsed;
  };
  const models = values.models.split(",").map((name) => {
    const preset = PRESETS.find((candidate) => candidate.name === name.trim());
    if (!preset) throw new BadUsage(`--models: no preset ${name}; there are ${PRESETS.map((p) => p.name).join(", ")}`);
    return preset;
  });
  const micro = values["micro-batch"];
  return {
    models,
    maskRates: values["mask-rates"].split(",").map((rate) => number(rate, "mask-rates", 0, 0.999)),
    batchSizes: values["batch-sizes"]?.split(",").map((size) => count(size, "batch-sizes", 1)) ?? null,
    microBatch: micro === undefined ? null : count(micro, "micro-batch", 1),
    pairs: count(values.pairs, "pairs", 5),
    blockSeconds: number(values["block-seconds"], "block-seconds", 0.1),
    threads: count(values.threads, "threads", 1),
    backend: values.backend,
    out: values.out,
    name: values.name,
  };
}
