/** MaskDM: Doctor: what this machine can compute with, as a page. */
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { REPORT_SCHEME, showMarkdown } from "../documents/markdownDocuments.ts";
import type { Services } from "../services.ts";
import { requireTrust, showError } from "../trainer/restrictedMode.ts";

const REPORT = vscode.Uri.from({ scheme: REPORT_SCHEME, path: "/MaskDM Doctor.md" });

export function registerDoctor(context: vscode.ExtensionContext, services: Services): void {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  let report = "";
  context.subscriptions.push(
    changes,
    vscode.workspace.registerTextDocumentContentProvider(REPORT_SCHEME, {
      onDidChange: changes.event,
      provideTextDocumentContent: () => report,
    }),
    vscode.commands.registerCommand("maskdm.doctor", async () => {
      try {
        requireTrust();
        report = await examine(services, vscode.Uri.joinPath(context.extensionUri, "dist", "maskdm.js").fsPath);
        changes.fire(REPORT);
        await showMarkdown(REPORT);
      } catch (error) {
        await showError(error, services.log);
      }
    }),
  );
}

async function examine({ trainer }: Services, program: string): Promise<string> {
  const { code, stdout, stderr } = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t("Examining what this machine can compute with"),
      cancellable: true,
    },
    (_, token) => trainer.command(["doctor", "--json"], { token }),
  );
  const { doctorPage } = await import("./doctorPage.ts");
  const page = doctorPage(stdout, program);
  // An exit code of 1 with a report says that nothing works here, which the report explains.
  if (page === null)
    throw new UserError(
      vscode.l10n.t("The doctor gave no report (exit code {0}): {1}", code, stderr.replace(/^error: /, "").trim()),
    );
  return page;
}
