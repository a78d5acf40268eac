/** `compute.target: ray`: trains as a job of a Ray cluster, and submits it again where the cluster has lost it. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../../core/errors.ts";
import type { Experiment } from "../../../core/experiment/schema.ts";
import { slug } from "../../../core/run/names.ts";
import { asDiskError } from "../../../node/run/diskError.ts";
import { removeQuietly } from "../../../node/run/files.ts";
import { checkFree } from "../../../node/run/newRun.ts";
import { maskdmCommand } from "../../../node/shellCommand.ts";
import { enginePackage } from "../../ray/enginePackage.ts";
import { hasEnded, RayJobs, rayAddress } from "../../ray/jobs.ts";
import { CommandExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { type JobEnd, watchJob } from "./rayWatch.ts";
import type { TorchOrder, TorchTarget } from "./target.ts";
import { WriterWatch } from "./writerWatch.ts";

/** Entry of a job's metadata: the run's folder, by which a job is found again. */
const RUN_KEY = "maskdm_run";
/** Ray itself does not start a job again; what is lost more often is broken itself. */
const MOST_SUBMISSIONS = 4;

export const rayTarget = (compute: Experiment["compute"]): TorchTarget => {
  const jobs = new RayJobs(rayAddress(compute.address));
  return {
    name: `the Ray cluster at ${jobs.address}`,
    isElsewhere: true,
    train: (order, io) => train(jobs, compute, order, io),
  };
};

async function train(jobs: RayJobs, compute: Experiment["compute"], order: TorchOrder, io: Io): Promise<string> {
  const runDir = order.runDir!; // elsewhere every run has a name
  const version = await jobs.version();
  const before = await jobs.having(RUN_KEY, runDir);
  const ids = before.map(({ submission_id }) => submission_id!);
  const live = before.find((job) => !hasEnded(job))?.submission_id ?? null;
  const writer = new WriterWatch(runDir, live !== null, order.started, io);
  const tidyUp = (): void => removeQuietly(launchFolder(runDir));
  let again = false;
  if (live !== null) {
    io.stderr(`${live}, a job of this run, is at work on the cluster: it is watched, and nothing else is begun`);
  } else if (order.args[0] !== "resume") checkFree(dirname(runDir), basename(runDir));
  try {
    for (let submissions = 1; ; submissions++) {
      const id = submissions === 1 && live !== null ? live : nextId(runDir, ids);
      const submit = async (): Promise<void> => {
        prepareFolder(order, compute, again);
        await jobs.submit(submission(id, runDir, order.args), enginePackage());
        io.stderr(`submitted to Ray ${version} as ${id}`);
      };
      const end = await watchJob({ jobs, id, submit: id === live ? null : submit, writer, tidyUp, io });
      if (end.kind !== "lost") return ended(end, runDir, writer);
      if (submissions === MOST_SUBMISSIONS) {
        throw new UserError(
          `The job was lost ${submissions} times (${end.why}), and is given up. ${goOn(runDir)}`,
          "failure",
        );
      }
      io.stderr(`the job was lost (${end.why}); it is submitted again`);
      ids.push(id);
      again = true;
    }
  } finally {
    tidyUp();
  }
}

function ended(end: Exclude<JobEnd, { kind: "lost" }>, runDir: string, writer: WriterWatch): string {
  if (end.kind === "refused") throw new UserError(`The Ray cluster cannot begin the job: ${end.why}`, "failure");
  if (end.kind === "stopped") {
    throw new UserError(`The job was stopped by way of Ray, without a last checkpoint. ${goOn(runDir)}`, "failure");
  }
  if (end.exitCode !== 0) throw new CommandExit(end.exitCode === 2 ? 2 : 1);
  if (!writer.hasBegun) {
    throw new UserError(
      `The job has ended, but its run is not here: ${runDir} is another folder for the cluster. Share the folder of the runs (docs/cluster.md).`,
      "failure",
    );
  }
  return runDir;
}

const goOn = (runDir: string): string => `Go on from its last checkpoint with: ${maskdmCommand("resume", runDir)}`;

/** What the job needs, in a folder that the cluster reaches: see maskdm_torch/launch.py and ray_job.py. */
const launchFolder = (runDir: string): string => join(dirname(runDir), `.ray-${basename(runDir)}`);

function prepareFolder({ args, input, runDir }: TorchOrder, compute: Experiment["compute"], again: boolean): void {
  const folder = launchFolder(runDir!);
  const { workers, cpus_per_worker, gpus_per_worker } = compute;
  const order = { args, workers, cpus_per_worker, gpus_per_worker, again };
  try {
    removeQuietly(folder);
    mkdirSync(folder, { recursive: true });
    if (input !== null) writeFileSync(join(folder, "experiment-text"), input);
    writeFileSync(join(folder, "order.json"), JSON.stringify(order));
  } catch (error) {
    throw asDiskError(error, { path: folder });
  }
}

/** Names the run for people, and its folder for good. */
function nextId(runDir: string, taken: readonly string[]): string {
  const place = createHash("sha256").update(runDir).digest("hex").slice(0, 8);
  const stem = `maskdm-${slug(basename(runDir))}-${place}`;
  for (let number = 1; ; number++) {
    const id = `${stem}-${number}`;
    if (!taken.includes(id)) return id;
  }
}

const submission = (id: string, runDir: string, args: readonly string[]) => ({
  id,
  entrypoint: "python -m maskdm_torch.ray_job",
  metadata: { name: basename(runDir), [RUN_KEY]: runDir, command: args[0]! },
  environment: {
    MASKDM_LAUNCH: launchFolder(runDir),
    RAY_TRAIN_V2_ENABLED: "1",
    // As torchrun's processes do, each sees all cards of its machine that the training has, and takes its own.
    TRAIN_ENABLE_SHARE_CUDA_VISIBLE_DEVICES: "1",
    PYTHONUNBUFFERED: "1",
    PYTHONUTF8: "1",
  },
});
