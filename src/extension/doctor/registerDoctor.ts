/** MaskDM: Doctor: what this machine can compute with, as a page that fills as it is found out. */
import * as vscode from "vscode";
import type { Handler } from "../commands/commandTable.ts";
import { REPORT_SCHEME, showMarkdown } from "../documents/markdownDocuments.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import type { Finding, Progress } from "./doctorPage.ts";

const REPORT = vscode.Uri.from({ scheme: REPORT_SCHEME, path: "/MaskDM Doctor.md" });

/** @returns its command */
export function registerDoctor(context: vscode.ExtensionContext, services: Services): Handler {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const program = vscode.Uri.joinPath(context.extensionUri, "dist", "maskdm.js").fsPath;
  let page = "";
  let examination: Promise<void> | null = null;
  context.subscriptions.push(
    changes,
    vscode.workspace.registerTextDocumentContentProvider(REPORT_SCHEME, {
      onDidChange: changes.event,
      provideTextDocumentContent: () => page,
    }),
  );
  return async () => {
    requireTrust();
    const { doctorPage } = await import("./doctorPage.ts");
    // Who asks again while it is being found out is shown the page of that.
    if (examination !== null) await showMarkdown(REPORT);
    examination ??= examine(services, (findings, progress) => {
      page = doctorPage(findings, progress, program);
      changes.fire(REPORT);
    }).finally(() => {
      examination = null;
    });
    await examination;
  };
}

/** @param show told of what is known, at once and whenever something is new */
async function examine(
  { trainer }: Services,
  show: (findings: readonly Finding[], progress: Progress) => void,
): Promise<void> {
  const { parseFinding } = await import("./doctorPage.ts");
  const findings: Finding[] = [];
  show(findings, { state: "examining" });
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: "Examining what this machine can compute with",
      cancellable: true,
    },
    async (progress, token) => {
      const onStdout = (line: string): void => {
        const finding = parseFinding(line);
        if (finding === null) return;
        findings.push(finding);
        if (finding.kind === "trying") progress.report({ message: finding.backend });
        if (!token.isCancellationRequested) show(findings, { state: "examining" });
      };
      // The page first: what is examined takes all of the machine, and the preview would come after it.
      await showMarkdown(REPORT);
      const { code, stderr } = await trainer.command(["doctor", "--json-lines"], { token, onStdout });
      // An exit code of 1 with a verdict says that nothing works here, which the page explains.
      const isWhole = findings.some(({ kind }) => kind === "verdict");
      const reason = stderr.replace(/^error: /, "").trim() || `exit code ${code}`;
      if (isWhole) show(findings, { state: "ended" });
      else if (token.isCancellationRequested) show(findings, { state: "cancelled" });
      else show(findings, { state: "failed", reason });
    },
  );
}
