import * as z from "zod";
import { plural } from "../../numbers.ts";
import { isAtWork, newestFirst, type RunEntry } from "../../run/entry.ts";
import { evaluationText } from "../../run/evaluationText.ts";
import { entryOf, findRun, runData, runInput, runLine, runLinks, runSchema } from "../runRefs.ts";
import { type Caller, readingTool } from "../tool.ts";
import type { ToolHost } from "../toolHost.ts";

const POLL_MS = 500;
const LONGEST_WAIT = 600;

export const RUN_STATUS = readingTool(
  {
    name: "run_status",
    title: "Status of runs",
    summary: "how runs stand: steps, loss, time left, quality, samples",
    description:
      "How MaskDM runs stand. Without run: the newest runs and the queue. With run: steps, loss, held-out loss, time taken and left, the newest evaluation of its images, and links to log, experiment and sample pictures; with wait_seconds it returns when the run has ended, or after so long, which is how to watch one without asking again and again.",
    input: z.strictObject({
      run: runInput().optional(),
      wait_seconds: z.number().min(0).max(LONGEST_WAIT).default(0).describe("Wait so long at most for the run to end."),
      picture: z.boolean().default(false).describe("Whether the newest sample picture of the run is shown."),
      limit: z.number().int().min(1).max(100).default(20).describe("Runs that are listed, without run."),
    }),
    output: z.object({
      runs: z.array(runSchema()).describe("The one that was asked for, or the newest."),
      more: z.number().int().describe("Runs that were left out."),
      heldOutLoss: z
        .object({ step: z.number().int(), value: z.number(), error: z.number().nullable() })
        .nullable()
        .describe("The newest one of the run; null: none, or none was asked for."),
      evaluation: z.string().nullable().describe("The newest evaluation of its images."),
      samples: z.array(z.string()).describe("Its sample pictures, oldest first."),
    }),
  },
  async ({ run, wait_seconds: seconds, picture: wanted, limit }, host, caller) => {
    if (run === undefined) {
      const all = newestFirst(await host.runs());
      const runs = all.slice(0, limit).map((entry) => runData(entry, host));
      const more = all.length - runs.length;
      const lines = runs.length === 0 ? ["There are no runs yet. start_run starts one."] : runs.map(runLine);
      const text = [...lines, ...(more === 0 ? [] : [`and ${plural(more, "older run")}`])].join("\n");
      return { text, data: { runs, more, heldOutLoss: null, evaluation: null, samples: [] } };
    }
    const entry = await endOf(run, seconds, host, caller);
    const data = runData(entry, host);
    const measured = host.newestSteps(entry.dir).findLast(({ heldOutLoss }) => typeof heldOutLoss === "number");
    const heldOutLoss =
      measured === undefined
        ? null
        : { step: measured.step, value: measured.heldOutLoss!, error: measured.heldOutError ?? null };
    const evaluation = entry.evaluation === null ? null : evaluationText(entry.evaluation);
    const pictures = await host.pictures(entry.dir);
    const newest = pictures.at(-1);
    const text = [
      runLine(data),
      ...(heldOutLoss === null ? [] : [`held-out loss ${heldOutLoss.value} at step ${heldOutLoss.step}`]),
      ...(evaluation === null ? [] : [evaluation]),
      ...(newest === undefined
        ? []
        : [`${plural(pictures.length, "sample picture")}, the newest: ${host.shown(newest)}`]),
    ].join("\n");
    return {
      text,
      data: { runs: [data], more: 0, heldOutLoss, evaluation, samples: pictures.map((path) => host.shown(path)) },
      ...(wanted && newest !== undefined ? { pictures: [await host.picture(newest)] } : {}),
      links: [
        ...(entry.record === null ? [] : runLinks(entry)),
        ...(newest === undefined ? [] : [{ path: newest, mimeType: "image/png", description: "its newest samples" }]),
      ],
    };
  },
);

/** The run once it has ended, or how it stands after so long. @throws UserError where it is gone meanwhile */
async function endOf(run: string, seconds: number, host: ToolHost, { signal, progress }: Caller): Promise<RunEntry> {
  let entry = findRun(await host.runs(), run, host);
  const { dir } = entry;
  let told: number | null = null;
  for (let waited = 0; waited < 1000 * seconds && !signal.aborted; waited += POLL_MS) {
    if (!isAtWork(entry) && entry.state !== "queued") break;
    await host.pause(POLL_MS, signal);
    entry = await entryOf(dir, host, signal);
    const { status } = entry;
    if (status === null || status.step === told) continue;
    told = status.step;
    progress(told, status.totalSteps, runLine(runData(entry, host)));
  }
  return entry;
}
