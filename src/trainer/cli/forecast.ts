/** `maskdm forecast FILE`: what a stage will take, before it begins. */
import { dirname } from "node:path";
import { type Command, Option } from "commander";
import { STAGE_NAMES, type Stage } from "../../core/random/streams.ts";
import type { Io } from "./io.ts";
import { addExamples, collectSetOption, type SetOption } from "./options.ts";

interface ForecastOptions {
  readonly stage?: Stage;
  readonly set: readonly SetOption[];
  readonly measure?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("forecast")
    .description(
      "Say what training will take before it begins: time, operations, memory, disk. Time is known once this machine was measured.",
    )
    .argument("<file>", "experiment file")
    .addOption(new Option("--stage <name>", "one stage (default: both)").choices(STAGE_NAMES))
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, [])
    .option(
      "--measure",
      "first time some 50 steps of each mask of the file; what they take is kept for later forecasts",
    )
    .option("--json", "print the forecasts as JSON, one for each stage")
    .action(async (file: string, options: ForecastOptions) => printForecast(file, options, io));
  addExamples(command, [
    ["maskdm forecast faces.maskdm.yaml --measure", "time some steps, then say what both stages take"],
    [
      "maskdm forecast faces.maskdm.yaml --stage pretrain --set mask.rate=0.75",
      "another mask rate, from what was measured",
    ],
    ["maskdm forecast faces.maskdm.yaml --json", "the same for a script"],
  ]);
}

async function printForecast(file: string, options: ForecastOptions, io: Io): Promise<void> {
  const [
    { checkExperiment, imageFactsOf, readExperimentFile },
    { forecast },
    { forecastText },
    speeds,
    { usableMemory },
  ] = await Promise.all([
    import("./loadExperiment.ts"),
    import("../../core/cost/forecast.ts"),
    import("../../core/cost/forecastText.ts"),
    import("../../node/speedFile.ts"),
    import("../../node/machine.ts"),
  ]);
  const text = readExperimentFile(file);
  const { dataset } = await imageFactsOf(text, options.set, dirname(file));
  const known = speeds.knownMachine();
  const machine = { memoryBytes: usableMemory(), autoTakesTorch: known.autoTakesTorch === true };
  const facts = { ...machine, ...(dataset === undefined ? {} : { dataset }) };
  const { experiment } = checkExperiment(file, text, options.set, facts, io);
  const stages = options.stage === undefined ? STAGE_NAMES : [options.stage];
  if (options.measure === true) {
    const { measureStages } = await import("../bench/measureStages.ts");
    speeds.keepMeasurement(await measureStages(experiment, stages, (line) => io.stderr(line)));
  }
  const measured = speeds.knownMachine();
  const forecasts = stages.flatMap((stage) => forecast({ experiment, stage, images: dataset?.images }, measured) ?? []);
  if (options.json === true) io.json(forecasts);
  else io.stdout(forecasts.map(forecastText).join("\n"));
  if (forecasts.some(({ time, torch }) => time === null && !torch))
    io.stderr("--measure finds out how fast this machine is.");
}
