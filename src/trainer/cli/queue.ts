/** `maskdm queue`: runs that begin one after another, or some at a time, also when the terminal or editor is closed. */
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { UserError } from "../../core/errors.ts";
import type { Queued } from "../../node/run/queue.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import type { Io } from "./io.ts";
import { addExamples, collectSetOption, parsePositiveInteger, runsDirOption, type SetOption } from "./options.ts";

interface AddOptions {
  readonly runsDir: string;
  readonly stage?: "pretrain" | "finetune";
  readonly from?: string;
  readonly run?: string;
  readonly resume?: string;
  readonly set: readonly SetOption[];
  readonly work: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("queue")
    .description("Queue runs: they begin in order, some at a time, and go on when terminal and editor are closed.");
  command
    .command("add")
    .description("Queue a run, with the experiment as it is now. Prints the folder it will have.")
    .argument("[file]", "experiment file (*.maskdm.yaml)")
    .addOption(new Option("--stage <name>", "stage of training").choices(["pretrain", "finetune"]))
    .option("--from <run>", "run, checkpoint folder or weights to start from; a queued run's id will do")
    .option("--resume <run>", "go on with this run instead of making a new one")
    .option("--run <name>", "name of the run's folder (made from the stage and the date when left out)")
    .option("--set <key=value>", "override a key of the experiment; may be repeated", collectSetOption, [])
    .option("--no-work", "only queue it; it begins when somebody runs: maskdm queue work")
    .addOption(runsDirOption())
    .action(async (file: string | undefined, options: AddOptions) => add(file, options, io));
  command
    .command("list")
    .description("List what is in the queue.")
    .addOption(runsDirOption())
    .option("--json", "print the list as JSON")
    .action(async (options: { runsDir: string; json?: boolean }) => list(options, io));
  command
    .command("remove")
    .description("Take a run that waits, or did not begin, out of the queue.")
    .argument("<id>", "id of the run")
    .addOption(runsDirOption())
    .action(async (id: string, options: { runsDir: string }) => {
      const { removeEntry } = await import("../../node/run/queue.ts");
      if (removeEntry(resolve(options.runsDir), id)) return io.stderr(`${id} removed from the queue`);
      throw new UserError(
        `${id} does not wait in the queue. If it is at work, stop it with: ${maskdmCommand("stop", id)}`,
      );
    });
  command
    .command("retry")
    .description("Let a run that did not begin wait again.")
    .argument("<id>", "id of the run")
    .addOption(runsDirOption())
    .action(async (id: string, options: { runsDir: string }) => retry(id, resolve(options.runsDir), io));
  command
    .command("limit")
    .description("Set how many runs of the queue may be at work at once, or print it.")
    .argument("[n]", "number of runs", parsePositiveInteger)
    .addOption(runsDirOption())
    .action(async (limit: number | undefined, options: { runsDir: string }) => {
      const { readLimit, writeLimit } = await import("../../node/run/queue.ts");
      if (limit === undefined) io.stdout(String(readLimit(resolve(options.runsDir))));
      else writeLimit(resolve(options.runsDir), limit);
    });
  command
    .command("work")
    .description("Work the queue until it is empty and its runs have ended. One process does so at a time.")
    .addOption(runsDirOption())
    .action(async (options: { runsDir: string }) => {
      const [{ workQueue }, { thisProgram }, { hasQueue }] = await Promise.all([
        import("../queue/worker.ts"),
        import("../../node/run/detached.ts"),
        import("../../node/run/queue.ts"),
      ]);
      const runsDir = resolve(options.runsDir);
      if (!hasQueue(runsDir)) return io.stderr(`the queue of ${options.runsDir} is empty`);
      const note = (line: string) => io.stderr(`${new Date().toISOString()} ${line}`);
      const worked = await workQueue(runsDir, thisProgram(), note);
      if (!worked) io.stderr("another process works this queue already");
    });
  command
    .command("run", { hidden: true })
    .description("Run one entry; the worker's own command.")
    .argument("<id>", "id of the run")
    .addOption(runsDirOption())
    .requiredOption("--token <text>", "the worker's claim")
    .action(async (id: string, options: { runsDir: string; token: string }) => {
      const { runEntry } = await import("./queueRun.ts");
      await runEntry(id, options, io);
    });
  addExamples(command, [
    ["maskdm queue add faces.maskdm.yaml --stage pretrain --set mask.rate=0.75 --run a", "begins when there is room"],
    ["maskdm queue add faces.maskdm.yaml --stage finetune --from a", "begins when that run has ended"],
    ["maskdm queue list", "what waits, what is at work, what did not begin"],
    ["maskdm queue limit 2", "two runs at once"],
  ]);
}

async function add(file: string | undefined, options: AddOptions, io: Io): Promise<void> {
  const [{ queueResume }, { enqueueStart }, { resolveRun }, { basename, dirname }] = await Promise.all([
    import("../../node/run/changeRun.ts"),
    import("../../node/run/enqueue.ts"),
    import("../../node/run/resolve.ts"),
    import("node:path"),
  ]);
  let runsDir = resolve(options.runsDir);
  let id: string;
  if (options.resume !== undefined) {
    if (file !== undefined || options.stage !== undefined || options.from !== undefined || options.set.length > 0) {
      throw new UserError("--resume goes on with a run as it is; leave out the file, --stage, --from and --set.");
    }
    const dir = resolveRun(options.resume, [options.runsDir]);
    runsDir = dirname(dir);
    id = basename(dir);
    await queueResume(dir, async () => {
      if (options.work) await keepWorked(runsDir, io);
    });
  } else {
    const { stage, from, run, set } = options;
    if (file === undefined || stage === undefined) {
      throw new UserError("Name an experiment file and its --stage, or a run to go on with: --resume RUN.");
    }
    id = await enqueueStart({ runsDir, experimentFile: file, stage, from, id: run, set });
    if (options.work) await keepWorked(runsDir, io);
  }
  io.stdout(join(runsDir, id));
}

async function keepWorked(runsDir: string, io: Io): Promise<void> {
  const [{ ensureWorker }, { thisProgram }] = await Promise.all([
    import("../../node/run/queueWorker.ts"),
    import("../../node/run/detached.ts"),
  ]);
  await ensureWorker(runsDir, thisProgram(), (why) => io.stderr(why));
}

async function retry(id: string, runsDir: string, io: Io): Promise<void> {
  const { putBack, readEntry } = await import("../../node/run/queue.ts");
  const entry = readEntry(runsDir, id, "failed");
  if (entry === null || !putBack(runsDir, entry, "failed")) {
    throw new UserError(`${id} is not among the runs that did not begin. See them with: maskdm queue list`);
  }
  await keepWorked(runsDir, io);
}

async function list(options: { readonly runsDir: string; readonly json?: boolean }, io: Io): Promise<void> {
  const [{ readLimit, readQueue }, { isWorked }] = await Promise.all([
    import("../../node/run/queue.ts"),
    import("../../node/run/queueWorker.ts"),
  ]);
  const runsDir = resolve(options.runsDir);
  const queue = readQueue(runsDir);
  const runsAtOnce = readLimit(runsDir);
  const worked = await isWorked(runsDir);
  if (options.json === true) {
    io.json({ runsAtOnce, worked, entries: queue.map(({ state, entry }) => ({ state, ...entry })) });
    return;
  }
  if (queue.length === 0) return io.stderr(`the queue of ${options.runsDir} is empty`);
  io.stdout(queue.map(line).join("\n"));
  // Work alone does not begin what failed to begin.
  if (queue.every(({ state }) => state === "failed")) {
    io.stderr("none of these waits; once the cause is removed, let one wait again with: maskdm queue retry ID");
  } else if (!worked) io.stderr("nobody works this queue; begin with: maskdm queue work");
}

function line({ state, entry }: Queued): string {
  const what = entry.order.kind === "resume" ? "resume" : entry.order.stage;
  const failure = entry.failure === undefined ? "" : `  ${entry.failure.message} (log: ${entry.failure.log})`;
  return `${state.padEnd(8)}${what.padEnd(9)}${entry.id}${failure}`;
}
