/** `maskdm study run` and `retry-failed`: start a study, or go on with it. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../../core/errors.ts";
import { cellCounts, isOver } from "../../../core/study/progress.ts";
import { maskdmCommand } from "../../../node/shellCommand.ts";
import type { LoadedStudy } from "../../../node/study/loadPlan.ts";
import { CommandExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { addExamples, runsDirOption } from "../options.ts";

interface RunOptions {
  readonly runsDir: string;
  readonly wait: boolean;
  readonly dryRun?: boolean;
  readonly changed?: boolean;
}

export function register(study: Command, io: Io): void {
  const command = study
    .command("run")
    .description("Start a study, or go on with it. What was computed before is never computed again.")
    .argument("<study>", "study file (*.maskstudy.yaml), or the name of a study that was started")
    .addOption(runsDirOption())
    .option("--dry-run", "only print what it comes to")
    .option("--no-wait", "return at once; it goes on in the background")
    .option("--changed", "start it, though none of the cells that there were is part of it any more")
    .action(async (text: string, options: RunOptions) => run(text, options, io));
  command.addHelpText(
    "after",
    `
Trainings go through the queue of the runs folder. Ctrl+C, and closing the terminal, leave the study at work; stop it with: maskdm study stop`,
  );
  addExamples(command, [
    ["maskdm study run blocks.maskstudy.yaml --dry-run", "cells, trainings, what coincides, time and disk"],
    [
      "maskdm study run blocks.maskstudy.yaml",
      "start it, or go on; an axis that was extended computes only what is new",
    ],
    [
      "maskdm study run blocks.maskstudy.yaml --no-wait",
      "leave it to the background; see it with: maskdm study status",
    ],
  ]);
  const retry = study
    .command("retry-failed")
    .description(
      "Try again what failed: trainings go on from their last checkpoint, or begin anew where there is none.",
    )
    .argument("<study>", "study file, or the name of a study that was started")
    .addOption(runsDirOption())
    .option("--no-wait", "return at once; it goes on in the background")
    .action(async (text: string, options: RunOptions) => {
      const { findStudy, requireStarted } = await import("./findStudy.ts");
      const loaded = findStudy(text, options.runsDir, io);
      requireStarted(loaded.texts.name, options.runsDir);
      await start(loaded, "retry", options, io);
    });
  addExamples(retry, [["maskdm study retry-failed blocks", "once the cause is removed, such as a full disk"]]);
}

async function run(text: string, options: RunOptions, io: Io): Promise<void> {
  const [{ findStudy }, { planLines }, { knownMachine }, { checkImages, checkSpace, sayChanges }] = await Promise.all([
    import("./findStudy.ts"),
    import("../../../core/study/planText.ts"),
    import("../../../node/speedFile.ts"),
    import("./beforeStart.ts"),
  ]);
  const loaded = findStudy(text, options.runsDir, io);
  io.stdout([`${loaded.texts.name}: what it comes to`, ...planLines(loaded.plan, knownMachine())].join("\n  "));
  const isOther = sayChanges(loaded, resolve(options.runsDir), io);
  if (options.dryRun === true) return;
  if (loaded.plan.runs.size === 0) {
    throw new UserError(`No cell of ${loaded.texts.name} can be trained; the reasons are above.`);
  }
  if (isOther && options.changed !== true) {
    throw new UserError(
      "Nothing that was computed for this study is part of it any more. Nothing was started, and nothing deleted; start it all the same with --changed.",
    );
  }
  checkImages(loaded);
  await checkSpace(loaded);
  await start(loaded, "run", options, io);
}

/** Asks the study's worker, and follows it. @throws CommandExit with code 1 where cells failed or are left */
async function start(loaded: LoadedStudy, command: "run" | "retry", options: RunOptions, io: Io): Promise<void> {
  const { askStudy } = await import("./follow.ts");
  const { name } = loaded.texts;
  const follow = await askStudy(loaded, resolve(options.runsDir), command, io);
  if (!options.wait) {
    io.stderr(`${name} goes on in the background; see it with: ${maskdmCommand("study", "status", name)}`);
    return;
  }
  const facts = await follow();
  const counts = cellCounts(loaded.plan, facts);
  const isDone = isOver(counts);
  const wasStopped = facts.record?.asked === "stop";
  if (!isDone)
    io.stderr(`Nobody works on ${name} now; go on with: ${maskdmCommand("study", "run", loaded.texts.studyFile)}`);
  if (counts.failed + counts.refused > 0 || !(isDone || wasStopped)) throw new CommandExit(1);
}
