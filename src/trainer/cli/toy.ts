/** `maskdm toy`: the method on points of the plane, in seconds. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { TOY_SETS, type ToySet } from "../../core/toy/dataSets.ts";
import type { ToyMessage } from "../../core/toy/messages.ts";
import { TOY_DEFAULTS, toySettingsSchema } from "../../core/toy/settings.ts";
import type { Io } from "./io.ts";
import { addExamples, parseNonNegativeInteger } from "./options.ts";

interface ToyOptions {
  readonly data: ToySet;
  readonly steps: number;
  readonly noise: number;
  readonly seed: number;
  readonly out?: string;
  readonly jsonLines?: boolean;
}

type Key = "steps" | "noise" | "seed";

/** A number that the settings allow. */
const parse = (key: Key, read: (text: string) => number) => (text: string) => {
  const { success, data, error } = toySettingsSchema.shape[key].safeParse(read(text));
  if (!success) throw new InvalidArgumentError(`${error.issues[0]?.message ?? "Not allowed"}.`);
  return data;
};

export function register(program: Command, io: Io): void {
  const { set, steps, noise, seed } = TOY_DEFAULTS;
  const command = program
    .command("toy")
    .description(
      "Show the method on points of the plane, each an image of two pixels: pretraining on one of them, finetuning on both, training from scratch at the same cost beside it.",
    )
    .addOption(new Option("--data <name>", "law of the points").choices(TOY_SETS).default(set))
    .option("--steps <n>", "cost of each way, in steps on whole points", parse("steps", parseNonNegativeInteger), steps)
    .option("--noise <deviation>", "of the points around their law, which is 4 wide", parse("noise", Number), noise)
    .option("--seed <n>", "seed of everything random", parse("seed", parseNonNegativeInteger), seed)
    .option("--out <file>", "write a picture (.svg), or all points and distances (.json)")
    .option("--json-lines", "print points and distances instead of the table, a line for every frame")
    .action(async (options: ToyOptions) => toy(options, io));
  addExamples(command, [
    ["maskdm toy", "how far both ways are from a Swiss roll, as they train"],
    ["maskdm toy --data moons --out moons.svg", "the same on two half moons, as a picture"],
    ["maskdm toy --data checkerboard --steps 4000 --json-lines", "points and distances for another program"],
  ]);
}

async function toy({ data, steps, noise, seed, out, jsonLines }: ToyOptions, io: Io): Promise<void> {
  const [{ runToy }, { requireToyFile, writeToyFile }, { toyTableHead, toyTableRow }] = await Promise.all([
    import("../toy/runToy.ts"),
    import("../toy/toyFile.ts"),
    import("../../core/toy/table.ts"),
  ]);
  const file = out === undefined ? null : requireToyFile(out);
  const messages: ToyMessage[] = [];
  const show = (message: ToyMessage): string =>
    message.kind === "start" ? toyTableHead(message) : toyTableRow(message);
  await runToy({ set: data, steps, noise, seed }, (message) => {
    messages.push(message);
    io.stdout(jsonLines === true ? JSON.stringify(message) : show(message));
  });
  if (file === null) return;
  writeToyFile(file, messages);
  io.stderr(`written: ${file}`);
}
