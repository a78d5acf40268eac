/** Measures how good a run's images are, while the window goes on, and tells the result. */
import * as vscode from "vscode";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { LEAST_SAMPLES } from "../../core/experiment/stageKeys.ts";
import { percent, plural } from "../../core/numbers.ts";
import type { RunEntry } from "../../core/run/entry.ts";
import { type Evaluation, evaluationSchema } from "../../core/run/evaluations.ts";
import { kidText, withError } from "../../core/run/evaluationText.ts";
import { failureText } from "../../node/shortCommand.ts";
import { executeCommand } from "../commands/commandTable.ts";
import type { RunService, TrainerLauncher } from "../services.ts";
import { askHowToEvaluate, type HowToEvaluate } from "./askHowToEvaluate.ts";

const howSchema: z.ZodType<HowToEvaluate> = z.object({
  samples: z.number().int().min(LEAST_SAMPLES),
  space: z.string().min(1),
});

/** Folders of runs that this window measures: a second process would draw the same samples. */
const measured = new Set<string>();

/**
 * @param how as HowToEvaluate; anything else: the user is asked
 * @returns null: cancelled, before or meanwhile; samples that were drawn by then are kept
 */
export async function evaluateRun(
  run: RunEntry,
  { runs, trainer }: { readonly runs: Pick<RunService, "runs">; readonly trainer: TrainerLauncher },
  how: unknown,
): Promise<Evaluation | null> {
  const given = howSchema.safeParse(how);
  const asked = given.success ? given.data : await askHowToEvaluate(runs.runs);
  if (asked === null) return null;
  if (measured.has(run.dir)) throw new UserError(`${run.label} is being evaluated already.`);
  measured.add(run.dir);
  try {
    const evaluation = await measure(run, asked, trainer);
    if (evaluation !== null) void tell(run, evaluation);
    return evaluation;
  } finally {
    measured.delete(run.dir);
  }
}

async function measure(
  run: RunEntry,
  { samples, space }: HowToEvaluate,
  trainer: TrainerLauncher,
): Promise<Evaluation | null> {
  const title = `Evaluating ${run.label}`;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const onStderr = (line: string): void => {
      const message = evaluationProgress(line);
      if (message !== null) progress.report({ message });
    };
    const args = ["evaluate", run.dir, "--samples", String(samples), "--space", space, "--json"];
    const result = await trainer.command(args, { token, onStderr });
    if (token.isCancellationRequested) {
      void vscode.window.showInformationMessage(
        `The evaluation of ${run.label} was cancelled. What was drawn is kept: evaluate it again to go on.`,
      );
      return null;
    }
    if (result.code !== 0) throw new UserError(failureText(result, `${run.label} was not evaluated.`), "failure");
    return z.array(evaluationSchema).length(1).parse(JSON.parse(result.stdout))[0]!;
  });
}

/** What a line such as "drawing: 45% 90/200 images · 3.1/s · ETA 35s" tells; null: it is none of these. */
export function evaluationProgress(line: string): string | null {
  const [, part, facts] = /^(decoding|drawing|embedding|measuring): \d+% (.*)$/.exec(line) ?? [];
  return part === undefined ? null : `${part} ${facts}`;
}

/** One sentence. */
export function evaluationResult({ label }: Pick<RunEntry, "label">, evaluation: Evaluation): string {
  const { kidFloor, copying, samples, space } = evaluation;
  const floor = withError(kidFloor.value, kidFloor.standardError);
  const copies = copying.share > 0 ? `, ${percent(copying.share)} copies` : "";
  return `${label}: ${kidText(evaluation)} (floor ${floor})${copies}, by ${plural(samples, "sample")} in ${space}.`;
}

async function tell(run: RunEntry, evaluation: Evaluation): Promise<void> {
  const open = "Open Dashboard";
  const chosen = await vscode.window.showInformationMessage(evaluationResult(run, evaluation), open);
  if (chosen === open) await executeCommand("maskdm.openDashboard", [run.dir], { tab: "quality" });
}
