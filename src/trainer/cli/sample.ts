/** `maskdm sample RUN`: draws images. */
import { type Command, Option } from "commander";
import { SAMPLER_CHOICES } from "../../core/experiment/samplerChoices.ts";
import type { TorchPython } from "../torch/findTorch.ts";
import type { Io } from "./io.ts";
import {
  addExamples,
  collectSetOption,
  parseNonNegativeInteger,
  parseNonNegativeNumber,
  parsePositiveInteger,
  parseShare,
  runsDirOption,
  type SetOption,
} from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";

interface SampleOptions {
  readonly runsDir: string;
  readonly sampler?: string;
  readonly steps?: number;
  readonly eta?: number;
  readonly guidance?: number;
  readonly count?: number;
  readonly weights?: string;
  readonly seed?: number;
  readonly label?: string;
  readonly out?: string;
  readonly trajectory?: number | true;
  readonly images?: boolean;
  readonly overwrite?: boolean;
  readonly set: readonly SetOption[];
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("sample")
    .description("Draw images with a run's weights; the same seed gives the same images. Prints the pictures' paths.")
    .argument("<run>", "run folder or id, or a checkpoint folder in a run")
    .addOption(runsDirOption())
    .addOption(new Option("--sampler <name>", "sampler").choices(SAMPLER_CHOICES))
    .option(
      "--steps <n>",
      "network evaluations per image, at most diffusion.timesteps (heun: twice as many)",
      parsePositiveInteger,
    )
    .option("--eta <x>", "DDIM noise, 0 to 1", parseShare)
    .option("--guidance <w>", "how clearly images show their class: 1 as learned, 2 or 3 more", parseNonNegativeNumber)
    .option("--count <n>", "images in the grid", parsePositiveInteger)
    .addOption(new Option("--weights <which>", "averaged or raw weights").choices(["ema", "raw"]))
    .option("--seed <n>", "seed of the noise (default: the experiment's)", parseNonNegativeInteger)
    .option("--label <class>", "class of every image, by name or number (class-conditional models)")
    .option(
      "--trajectory [n]",
      "also a picture of the way there, at n times (default 8, or as many as there are steps)",
      parsePositiveInteger,
    )
    .option("--images", "also each image as a PNG of its own, in a folder named after the picture")
    .option(
      "--out <file>",
      "PNG to write (default: in the run's samples folder, under a name that tells how it was drawn)",
    )
    .option("--overwrite", "replace pictures of another drawing that are in the way")
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, [])
    .option("--json", "print the pictures' paths and how they were drawn as JSON")
    .action(async (run: string, options: SampleOptions) => sample(run, options, io));
  addExamples(command, [
    ["maskdm sample runs/2026-01-31-faces-finetune-01", "a grid as the experiment says"],
    ["maskdm sample runs/a --sampler dpmpp_2m --steps 20 --count 64 --seed 7", "quickly, with another seed"],
    ["maskdm sample runs/a --label cats --guidance 3", "images of one class, by the name of its folder"],
    [
      "maskdm sample runs/a/checkpoints/step-00010000 --trajectory 10",
      "from an earlier checkpoint, with the way there",
    ],
    ["maskdm sample runs/a --count 1000 --images --out faces.png", "single images in faces/, for an evaluation"],
  ]);
}

async function sample(run: string, options: SampleOptions, io: Io): Promise<void> {
  const { sampler, steps, eta, guidance, count, weights, seed, label, out, trajectory, images, overwrite } = options;
  const named = { sampler, steps, eta, guidance, count, weights };
  const overrides = [
    ...options.set,
    ...Object.entries(named).flatMap(([key, value]) =>
      value === undefined ? [] : [{ path: `sample.${key}`, value: String(value) }],
    ),
  ];
  const torch = await torchOf(run, options.runsDir, overrides);
  if (torch !== null) {
    const { handOver } = await import("./handOver.ts");
    await handOver({ python: torch.python, args: torchArguments(run, options), input: null }, io);
    return;
  }
  const { sampleRun } = await import("../loop/sampleRun.ts");
  let progress: Progress | null = null;
  const result = await sampleRun({
    source: run,
    runsDir: options.runsDir,
    overrides,
    ...(seed === undefined ? {} : { seed }),
    ...(label === undefined ? {} : { label }),
    out: out ?? null,
    trajectory: trajectory === undefined ? null : trajectory === true ? "usual" : trajectory,
    singleImages: images === true,
    overwrite: overwrite === true,
    onStep(done, total) {
      progress ??= createProgress(io, { label: "sample", total, unit: "evaluations" });
      progress.update(done);
    },
    note: (line) => io.stderr(line),
  }).finally(() => progress?.finish());
  if (options.json) {
    io.json(result);
    return;
  }
  for (const path of [...result.pages, ...result.trajectoryPages]) io.stdout(path);
  if (result.images !== null) io.stdout(result.images);
}

/** The PyTorch that draws with a run's experiment; null: this program's engine does. */
async function torchOf(run: string, runsDir: string, overrides: readonly SetOption[]): Promise<TorchPython | null> {
  const [{ findNetwork }, { torchFor }] = await Promise.all([
    import("../../node/run/runNetwork.ts"),
    import("../torch/findTorch.ts"),
  ]);
  // Whoever draws says what there is to say of the run.
  const { experiment } = findNetwork({ source: run, runsDir, overrides, note: () => {} });
  return torchFor(experiment);
}

/** The command with all its options. */
function torchArguments(run: string, { set, runsDir, ...options }: SampleOptions): string[] {
  const given = Object.entries({ "runs-dir": runsDir, ...options }).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, String(value)];
  });
  return ["sample", run, ...given, ...set.flatMap(({ path, value }) => ["--set", `${path}=${value}`])];
}
