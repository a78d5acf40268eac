/** `maskdm preview FILE`: what a step of training will see, without training up to it. */
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { Stage } from "../../core/random/streams.ts";
import type { Io } from "./io.ts";
import { addExamples, collectSetOption, parseNonNegativeInteger, runsDirOption, type SetOption } from "./options.ts";

interface PreviewOptions {
  readonly batch: number;
  readonly out?: string;
  readonly stage: Stage;
  readonly runsDir: string;
  readonly json?: boolean;
  readonly set: readonly SetOption[];
}

/** Steps are addressed by 32 bits. */
const LARGEST_STEP = 2 ** 32 - 1;

function parseBatch(text: string): number {
  const step = parseNonNegativeInteger(text);
  if (step > LARGEST_STEP) throw new InvalidArgumentError(`It must be at most ${LARGEST_STEP}.`);
  return step;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("preview")
    .description("Show what one batch of training will see: its images, masks, timesteps and noise.")
    .argument("<file>", "experiment file")
    .option("--batch <k>", "which batch, counted from 0: batch K is what step K takes in", parseBatch, 0)
    .option("--out <dir>", "folder for the picture (default: .maskdm/preview beside the file)")
    .addOption(new Option("--stage <stage>", "stage").choices(["pretrain", "finetune"]).default("pretrain"))
    .addOption(runsDirOption())
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, [])
    .option("--json", "print batch, N, S, piece, askedRate, effectiveRate, png and all images as JSON")
    .action(async (file: string, options: PreviewOptions) => {
      const { previewExperiment } = await import("./previewExperiment.ts");
      const { report, drawn } = await previewExperiment(file, options, io);
      if (options.json === true) {
        io.json(report);
        return;
      }
      const { batch, N, S, piece, askedRate, effectiveRate, png, images } = report;
      const { stepsText } = await import("../../core/masks/schedule.ts");
      const ofPiece = piece.name === "mask.rate" ? "" : `, ${piece.name} (${stepsText(piece)})`;
      io.stdout(
        `batch ${batch} of ${options.stage}: ${images.length} images of N = ${N} tokens, S = ${S} visible, ` +
          `mask rate ${Number(effectiveRate.toFixed(4))} (asked: ${askedRate})${ofPiece}`,
      );
      const which = drawn === images.length ? "" : `; the first ${drawn} images`;
      io.stdout(`${png} (rows: original, masked, noised${which})`);
    });
  addExamples(command, [
    ["maskdm preview faces.maskdm.yaml", "the first batch of pretraining"],
    [
      "maskdm preview faces.maskdm.yaml --batch 1000 --out pictures",
      "what step 1000 will see, with the mask that holds there",
    ],
    ["maskdm preview faces.maskdm.yaml --set mask.strategy=crop", "the same with another mask"],
    ["maskdm preview faces.maskdm.yaml --batch 7 --json", "every image's visible tokens, timestep and flip"],
  ]);
}
