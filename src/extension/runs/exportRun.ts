/** Writes a run for another program, into a folder of the user's choice, and shows the result. */
import { resolve } from "node:path";
import * as vscode from "vscode";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { isAtWork, type RunEntry } from "../../core/run/entry.ts";
import { shellArgument } from "../../node/shellCommand.ts";
import { failureText } from "../../node/shortCommand.ts";
import type { TrainerLauncher } from "../services.ts";

const EXPORT_KINDS = ["tensorboard", "follow", "csv", "pytorch", "diffusers"] as const;
type ExportKind = (typeof EXPORT_KINDS)[number];

/** What is asked where a caller does not say it. */
export interface HowToExport {
  readonly kind: ExportKind;
  /** absolute; what is written becomes a file or folder in it */
  readonly folder: string;
}

const howSchema: z.ZodType<HowToExport> = z.object({ kind: z.enum(EXPORT_KINDS), folder: z.string().min(1) });

interface Kind {
  readonly label: string;
  readonly detail: string;
  /** of `maskdm export` */
  readonly options: readonly string[];
  /** of what was written that the editor opens; null: none */
  readonly opened: ((path: string) => string) | null;
}

const readme = (path: string): string => resolve(path, "README.md");

const KINDS: Readonly<Record<ExportKind, Kind>> = {
  tensorboard: {
    label: "TensorBoard",
    detail: "Event files: curves, pictures, evaluations.",
    options: ["--tensorboard"],
    opened: null,
  },
  follow: {
    label: "TensorBoard, until the run ends",
    detail: "The same, and what comes from now on. The notification shows that it goes on, and cancels it.",
    options: ["--tensorboard", "--follow"],
    opened: null,
  },
  csv: { label: "CSV", detail: "A table of all steps.", options: ["--csv"], opened: (path) => path },
  pytorch: {
    label: "PyTorch module",
    detail: "The newest weights with one readable file of Python that loads them and draws.",
    options: ["--pytorch"],
    opened: readme,
  },
  diffusers: {
    label: "Pipeline of diffusers",
    detail: "The newest weights as a folder that Hugging Face's library loads.",
    options: ["--diffusers"],
    opened: readme,
  },
};

/**
 * @param how as HowToExport; anything else: the user is asked
 * @returns path of what was written, absolute; null: cancelled
 */
export async function exportRun(run: RunEntry, trainer: TrainerLauncher, how: unknown): Promise<string | null> {
  const given = howSchema.safeParse(how);
  const asked = given.success ? given.data : await askHowToExport(run);
  if (asked === null) return null;
  const { options, opened, label } = KINDS[asked.kind];
  const progress = {
    location: vscode.ProgressLocation.Notification,
    title: `Exporting ${run.label}: ${label}`,
    cancellable: true,
  };
  const result = await vscode.window.withProgress(progress, async (_, token) => {
    const ended = await trainer.command(["export", run.dir, ...options], { cwd: asked.folder, token });
    return token.isCancellationRequested ? null : ended;
  });
  if (result === null) return null;
  if (result.code !== 0) throw new UserError(failureText(result, `${run.label} was not exported.`), "failure");
  const path = resolve(asked.folder, result.stdout.trim().split("\n")[0] ?? "");
  if (opened === null) void tellTensorBoard(path);
  else await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(opened(path)), { preview: true });
  return path;
}

/** @returns null: cancelled */
async function askHowToExport(run: RunEntry): Promise<HowToExport | null> {
  const title = `Export ${run.label}`;
  const items = EXPORT_KINDS.filter((kind) => kind !== "follow" || isAtWork(run)).map((as) => ({
    as,
    ...KINDS[as],
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: "As what" });
  if (chosen === undefined) return null;
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: `${title}: folder to write into`,
      openLabel: "Export Here",
      canSelectFiles: false,
      canSelectFolders: true,
      ...(vscode.workspace.workspaceFolders?.[0] === undefined
        ? {}
        : { defaultUri: vscode.workspace.workspaceFolders[0].uri }),
    })) ?? [];
  return folder === undefined ? null : { kind: chosen.as, folder: folder.fsPath };
}

async function tellTensorBoard(path: string): Promise<void> {
  const copy = "Copy Command";
  const command = `tensorboard --logdir ${shellArgument(path)}`;
  const chosen = await vscode.window.showInformationMessage(`The run is in ${path}. See it with: ${command}`, copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(command);
}
