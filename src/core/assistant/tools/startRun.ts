import * as z from "zod";
import { forecast } from "../../cost/forecast.ts";
import { formatDuration } from "../../durationText.ts";
import { UserError } from "../../errors.ts";
import { numberOf } from "../../experiment/diagnosticCounts.ts";
import type { Experiment } from "../../experiment/schema.ts";
import { bytes, percent, plural } from "../../numbers.ts";
import { isAtWork } from "../../run/entry.ts";
import { askedExperiment } from "../asked.ts";
import { fileInput, setInput, stageInput } from "../inputs.ts";
import { entryOf, findRun, runData, runInput, runLine, runSchema } from "../runRefs.ts";
import { actingTool } from "../tool.ts";

/** Keys that a file alone may set: they say what is run, and where the experiment is sent. */
const BY_FILE_ONLY = /^compute(\.(command|address))?$/;

export const START_RUN = actingTool(
  {
    name: "start_run",
    title: "Start a run",
    summary: "starts pretraining or finetuning; asks first",
    description:
      "Queue pretraining or finetuning of a MaskDM experiment, after the user has agreed to steps, time, memory and disk, which are shown to them. The run begins when there is room, in a process of its own that goes on when the editor is closed. Files with errors are refused. Follow it with run_status.",
    input: z.strictObject({
      file: fileInput(),
      stage: stageInput().describe("pretrain: on masked images; finetune: on whole ones, from a pretrained run."),
      from: runInput()
        .optional()
        .describe("Run whose weights it starts from; finetuning needs one, unless finetune.from names it."),
      set: setInput("Keys with other values than the file's, for this run."),
      name: z.string().min(1).optional().describe("What lists call the run instead of its id."),
    }),
    output: runSchema(),
  },
  async ({ stage, from, name, ...input }, host) => {
    const { file, shown, text, set, experiment, diagnostics } = await askedExperiment(input, host);
    const sent = set.find(({ path }) => BY_FILE_ONLY.test(path));
    if (sent !== undefined)
      throw new UserError(
        `start_run: ${sent.path} decides what runs where, and is taken from the file only. Let the user write it there.`,
      );
    const runs = await host.runs();
    const parent = from === undefined ? null : findRun(runs, from, host);
    if (stage === "finetune" && parent === null && experiment.finetune.from === null)
      throw new UserError(
        `start_run: finetuning ${shown} needs weights to start from. Name a pretraining run as from.`,
      );
    const expected = forecast({ experiment, stage, images: await host.images(file, experiment) }, host.machine());
    const ahead = runs.filter((run) => isAtWork(run) || run.state === "queued").length;
    const { steps, batch_size: batch } = experiment[stage];
    const warnings = numberOf(diagnostics, "warning");
    const costs =
      expected === null
        ? []
        : [
            expected.time === null
              ? "time not known, as this machine was not measured"
              : `about ${formatDuration(expected.time.totalSeconds)}, give or take ${percent(expected.time.expectedError)}`,
            `${bytes(expected.memoryBytes)} of memory and ${bytes(expected.disk.total)} of disk at most`,
          ];
    const message = [
      `${plural(steps, "step")} of ${plural(batch, "image")}${parent === null ? "" : ` from ${parent.id}`}: ${costs.join("; ")}.`,
      ...elsewhere(experiment.compute),
      ...(set.length === 0
        ? []
        : [`Other than the file: ${set.map(({ path, value }) => `${path}=${value}`).join(", ")}.`]),
      ...(warnings === 0 ? [] : [`Lint has ${plural(warnings, "warning")}.`]),
      ...(ahead === 0 ? [] : [`${plural(ahead, "run")} at work or in the queue.`]),
    ].join(" ");
    const command = [
      ...["queue", "add", shown, "--stage", stage],
      ...(parent === null ? [] : ["--from", parent.id]),
      ...set.flatMap(({ path, value }) => ["--set", `${path}=${value}`]),
    ];
    return {
      question: { title: `${stage === "pretrain" ? "Pretrain" : "Finetune"} ${shown}?`, message, command },
      act: async ({ signal }) => {
        const dir = await host.start({ file, text, stage, set, from: parent?.dir ?? null, name: name ?? null });
        const entry = await entryOf(dir, host, signal);
        const data = runData(entry, host);
        return {
          text: runLine(data),
          data,
          links: [{ path: dir, mimeType: "inode/directory", description: "the run's folder" }],
        };
      },
    };
  },
);

/** Where it is sent, for people who are to agree to that. */
function elsewhere({ target, address, command }: Experiment["compute"]): string[] {
  if (target === "ray") return [`It is sent to the Ray cluster at ${address ?? "the address of the environment"}.`];
  return target === "command" ? [`It is sent away by running: ${command}`] : [];
}
