/** `maskdm doctor`: what this machine can compute with, and what is missing. */
import { join } from "node:path";
import { type Command, Option } from "commander";
import { UserError } from "../../core/errors.ts";
import type { DoctorReport, Finding } from "../doctor/report.ts";
import { CommandExit } from "./errors.ts";
import type { Io } from "./io.ts";
import { addExamples, parsePositiveInteger, runsDirOption } from "./options.ts";

interface DoctorOptions {
  readonly runsDir: string;
  readonly json?: boolean;
  readonly jsonLines?: boolean;
  readonly installTensorflow?: boolean;
  readonly installTorch?: boolean;
  readonly yes?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("doctor")
    .description(
      "Examine this machine: Node, memory, which backends work and how fast, what is missing and how to get it. Ends with 1 if no backend works.",
    )
    .addOption(runsDirOption())
    .addOption(new Option("--json", "print the findings as JSON").conflicts("jsonLines"))
    .option("--json-lines", "print each finding as a line of JSON as soon as it is known")
    .option(
      "--install-tensorflow",
      "first install tfjs-node with TensorFlow's library (about 1 GB) into a folder of this user, where an update of the extension leaves it",
    )
    .option(
      "--install-torch",
      "first install PyTorch for this user's Python (1 to 7 GB, as the machine has a graphics card or not); says what it fetches and asks",
    )
    .option("--yes", "do not ask before --install-torch fetches anything")
    .action(async (options: DoctorOptions) => {
      if (options.installTensorflow === true) {
        const { installForUser } = await import("../tensorflow/installForUser.ts");
        await installForUser((line) => io.stderr(line));
      }
      if (options.installTorch === true) {
        const { installForUser } = await import("../torch/installForUser.ts");
        if (!(await installForUser(options.yes === true, (line) => io.stderr(line)))) {
          return io.stderr("Nothing was fetched.");
        }
      }
      const report = await examineAndPrint(options, io);
      if (report === null || !report.ok) throw new CommandExit(1);
    });
  addExamples(command, [
    ["maskdm doctor", "what works here, and how to get what does not"],
    ["maskdm doctor --runs-dir /data/runs", "look at the disk that runs are to be written to"],
    ["maskdm doctor --json", "the same for a script"],
    ["maskdm doctor --json-lines", "the same for a program that shows it as it comes"],
    ["maskdm doctor --install-torch", "get PyTorch, to train on a graphics card, then see what works"],
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

/** Prints what is found as it becomes known; with --json all of it at the end. @returns null: it was asked to end early */
async function examineAndPrint({ runsDir, json, jsonLines }: DoctorOptions, io: Io): Promise<DoctorReport | null> {
  const [{ examine, reportOf }, { describeFinding }, { stopOnSignals }] = await Promise.all([
    import("../doctor/report.ts"),
    import("../doctor/describe.ts"),
    import("../stopOnSignals.ts"),
  ]);
  const findings: Finding[] = [];
  const stop = stopOnSignals();
  try {
    for await (const finding of examine({ runsDir, cacheDir: join(".maskdm", "cache"), signal: stop.signal })) {
      findings.push(finding);
      io.status?.(finding.kind === "trying" ? `  trying ${finding.backend} …` : null);
      if (jsonLines === true) io.stdout(JSON.stringify(finding));
      else if (json !== true && finding.kind !== "trying") io.stdout(describeFinding(finding));
    }
  } finally {
    io.status?.(null);
    stop.release();
  }
  const report = reportOf(findings);
  if (json === true && report !== null) io.json(report);
  return report;
}
