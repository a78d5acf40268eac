/** The plan of a study file that is open: made anew when its text or that of its experiment comes to something else. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import * as vscode from "vscode";
import type { StudyPlan } from "../../core/study/plan.ts";
import type { StudyTexts } from "../../core/study/record.ts";
import type { StudyLoad } from "../../node/study/loadPlan.ts";
import { EXPERIMENT_GLOB } from "../runs/runFolders.ts";

/** A plan takes a while: it is made when nothing was typed for so long. */
const TYPING_MS = 250;

export type Planned =
  | { readonly kind: "none"; readonly reason: string }
  | { readonly kind: "planned"; readonly texts: StudyTexts; readonly plan: StudyPlan };

export class PlanFollower implements vscode.Disposable {
  current: Planned = { kind: "none", reason: "" };
  /** absolute path of the experiment; null: the study names none that can be told */
  baseFile: string | null = null;
  private readonly changes = new vscode.EventEmitter<void>();
  /** fired with each plan, and when one cannot be made */
  readonly onDidChange = this.changes.event;
  private readonly disposables: vscode.Disposable[] = [this.changes];
  private timer: NodeJS.Timeout | undefined;
  private made = "";

  constructor(private readonly document: vscode.TextDocument) {
    const watcher = vscode.workspace.createFileSystemWatcher(EXPERIMENT_GLOB);
    const onFile = (uri: vscode.Uri) => {
      if (uri.fsPath === this.baseFile) this.soon();
    };
    this.disposables.push(
      watcher,
      watcher.onDidChange(onFile),
      watcher.onDidCreate(onFile),
      watcher.onDidDelete(onFile),
      vscode.workspace.onDidChangeTextDocument((change) => {
        const isOurs = change.document === document || change.document.uri.fsPath === this.baseFile;
        if (isOurs && change.contentChanges.length > 0) this.soon();
      }),
    );
  }

  /** Makes the plan of the texts as they are now, unless it is made. */
  async update(): Promise<void> {
    clearTimeout(this.timer);
    const [{ loadPlan }, { readStudy }, { resolvePath }] = await Promise.all([
      import("../../node/study/loadPlan.ts"),
      import("../../core/study/read.ts"),
      import("../../node/homePath.ts"),
    ]);
    const { uri } = this.document;
    const { study } = readStudy(this.document.getText());
    this.baseFile =
      study === null || uri.scheme !== "file" ? null : resolvePath(vscode.Uri.joinPath(uri, "..").fsPath, study.base);
    const base = this.baseFile === null ? null : textOf(this.baseFile);
    // Comments and layout change nothing.
    const made = JSON.stringify([study, this.baseFile, base]);
    if (made === this.made) return;
    this.made = made;
    this.current =
      uri.scheme === "file"
        ? shown(
            loadPlan(uri.fsPath, (path) => openText(path) ?? readFileSync(path, "utf8")),
            uri.fsPath,
          )
        : { kind: "none", reason: "What a study comes to is known once its file is saved." };
    this.changes.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.update(), TYPING_MS);
  }
}

function shown(load: StudyLoad, studyFile: string): Planned {
  if (load.ok) return { kind: "planned", ...load.value };
  const { file, reason, diagnostics } = load;
  // What is wrong with the study's own text is shown beside it.
  if (file === studyFile) return { kind: "none", reason: reason ?? "" };
  const [first] = diagnostics;
  const place = first === undefined ? "" : `, line ${first.line}`;
  return { kind: "none", reason: `${basename(file)}${place}: ${reason ?? first?.message ?? "it cannot be read"}` };
}

/** The text of a document that is open, saved or not. */
const openText = (path: string): string | undefined =>
  vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "file" && uri.fsPath === path)?.getText();

function textOf(path: string): string | null {
  try {
    return openText(path) ?? readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
