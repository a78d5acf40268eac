import * as z from "zod";
import { UserError } from "../../errors.ts";
import { isAtWork, isResumable, type RunEntry } from "../../run/entry.ts";
import { findRun, runData, runInput, runLine, runSchema } from "../runRefs.ts";
import { actingTool } from "../tool.ts";

export const CONTROL_RUN = actingTool(
  {
    name: "control_run",
    title: "Stop or resume a run",
    summary: "stops a run, or goes on with it; asks first",
    description:
      "Stop a MaskDM run, which is also how to pause one: it finishes its step, saves a checkpoint and ends, and resume goes on from there as if it had never been interrupted. stop takes a queued run out of the queue. resume goes on with a stopped, interrupted, failed or diverged run. The user is asked first.",
    input: z.strictObject({ run: runInput(), action: z.enum(["stop", "resume"]) }),
    output: runSchema(),
  },
  async ({ run, action }, host) => {
    const entry = findRun(await host.runs(), run, host);
    const { id, dir, state } = entry;
    const message = action === "stop" ? stopText(entry) : resumeText(entry);
    const [title, command] =
      action === "resume"
        ? (["Resume", entry.launchFailed === true ? ["queue", "retry"] : ["queue", "add", "--resume"]] as const)
        : state === "queued"
          ? (["Remove", ["queue", "remove"]] as const)
          : (["Stop", ["stop"]] as const);
    return {
      question: { title: `${title} ${id}?`, message, command: [...command, id] },
      act: async () => {
        await (action === "stop" ? host.stop(dir) : host.resume(dir));
        const after = (await host.runs()).find((one) => one.dir === dir);
        // What was taken out of the queue is no run any more.
        const data = runData(after ?? { ...entry, state: "stopped", reason: "taken out of the queue" }, host);
        return { text: runLine(data), data };
      },
    };
  },
);

const standing = ({ status }: RunEntry): string =>
  status === null ? "" : ` It is at step ${status.step} of ${status.totalSteps}.`;

function stopText(entry: RunEntry): string {
  if (entry.state === "queued") return "It is taken out of the queue before it begins.";
  if (entry.state === "stopping") throw new UserError(`${entry.id} is stopping already. Follow it with run_status.`);
  if (!isAtWork(entry)) throw new UserError(`${entry.id} is not at work (${entry.state}); there is nothing to stop.`);
  return `It finishes its step, saves a checkpoint and ends; it can be resumed.${standing(entry)}`;
}

function resumeText(entry: RunEntry): string {
  if (!isResumable(entry)) throw new UserError(`${entry.id} cannot be resumed: it is ${entry.state}.`);
  return entry.record === null
    ? "It did not begin, and waits in the queue again."
    : `It goes on from its last checkpoint.${standing(entry)}`;
}
