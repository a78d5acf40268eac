/** `maskdm doctor`: what this machine can compute with, and what is missing. */
import { join } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { CommandExit } from "./errors.ts";
import type { Io } from "./io.ts";
import { addExamples, parsePositiveInteger, runsDirOption } from "./options.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("doctor")
    .description(
      "Examine this machine: Node, memory, which backends work and how fast, what is missing and how to get it. Ends with 1 if no backend works.",
    )
    .addOption(runsDirOption())
    .option("--json", "print the findings as JSON")
    .option(
      "--install-tensorflow",
      "first install tfjs-node with TensorFlow's library (about 1 GB) into a folder of this user, where an update of the extension leaves it",
    )
    .action(async (options: { runsDir: string; json?: boolean; installTensorflow?: boolean }) => {
      if (options.installTensorflow === true) {
        const { installForUser } = await import("../tensorflow/installForUser.ts");
        await installForUser((line) => io.stderr(line));
      }
      const [{ examine }, { describeReport }] = await Promise.all([
        import("../doctor/report.ts"),
        import("../doctor/describe.ts"),
      ]);
      const report = await examine(options.runsDir, join(".maskdm", "cache"));
      if (options.json === true) io.json(report);
      else io.stdout(describeReport(report));
      if (!report.ok) throw new CommandExit(1);
    });
  addExamples(command, [
    ["maskdm doctor", "what works here, and how to get what does not"],
    ["maskdm doctor --runs-dir /data/runs", "look at the disk that runs are to be written to"],
    ["maskdm doctor --json", "the same for a script"],
    ["maskdm doctor --install-tensorflow", "get the backend tfjs-node, then see what works"],
  ]);
  program
    .command("doctor-backend", { hidden: true })
    .description("Try one backend and print the result as JSON. Used by doctor, and before auto takes native.")
    .argument("<name>", "one backend")
    .argument("<threads>", "threads it may use", parsePositiveInteger)
    .argument("<seconds>", "how long its steps are timed", Number)
    .action(async (wanted: string, threads: number, seconds: number) => {
      const [{ trialHere }, { BACKEND_NAMES }] = await Promise.all([
        import("../engine/backendTrial.ts"),
        import("../engine/tryBackend.ts"),
      ]);
      const name = BACKEND_NAMES.find((candidate) => candidate === wanted);
      if (!name) throw new UserError(`There is no backend ${wanted}: ${BACKEND_NAMES.join(", ")}.`);
      io.json(await trialHere(name, threads, seconds));
    });
}
