/** Draws images with a run and opens the picture. */
import * as vscode from "vscode";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import type { RunEntry } from "../../core/run/entry.ts";
import { failureText } from "../../node/shortCommand.ts";
import type { TrainerLauncher } from "../services.ts";

const resultSchema = z.object({ png: z.string().min(1) });

/** @returns path of the picture; null: cancelled */
export async function drawSamples(run: RunEntry, trainer: TrainerLauncher): Promise<string | null> {
  const title = `Drawing images with ${run.label}`;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const result = await vscode.window.withProgress(options, async (progress, token) => {
    // Lines such as "sample: 45% 9/20 evaluations · 3.1/s".
    const onStderr = (line: string): void => {
      const share = /^sample: (\d+)% (.*)$/.exec(line);
      if (share !== null) progress.report({ message: share[2] ?? "" });
    };
    const ended = await trainer.command(["sample", run.dir, "--json"], { token, onStderr });
    return token.isCancellationRequested ? null : ended;
  });
  if (result === null) return null;
  if (result.code !== 0) throw new UserError(failureText(result, "No images were drawn."), "failure");
  const { png } = resultSchema.parse(JSON.parse(result.stdout));
  await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(png), { preview: true });
  return png;
}
