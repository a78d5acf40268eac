/** Reads and lints each version of an open experiment once, for all language features. */
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { ExperimentReading } from "../../core/experiment/read.ts";
import type { LintFacts } from "../../core/lint/facts.ts";
import type { FactSources } from "../../node/facts/factSources.ts";
import { resolvePath } from "../../node/homePath.ts";
import { wayInto } from "../../node/wayInto.ts";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { ExperimentDocuments, ReadDocument } from "../services.ts";
import { isExperiment } from "./experimentLanguage.ts";
import { type FactPlaces, FactStore } from "./factStore.ts";

type Reading = typeof import("./reading.ts");

interface Entry {
  readonly version: number;
  readonly reading: ExperimentReading;
  readonly places: FactPlaces | null;
  /** of the facts that `read` was linted with */
  generation: number;
  read: ReadDocument;
}

/** After a change of the text, the features look again this much later. */
const DEBOUNCE_MS = 40;
/** A path is looked at when nothing was typed into it for so long. */
const TYPING_MS = 250;
/** How often images and checkpoints of visible experiments are looked at again. */
const REFRESH_MS = 3000;
/** Folder of runs beside the experiment, where the command line puts them. */
const RUNS_FOLDER = "runs";

export class ExperimentDocumentStore implements ExperimentDocuments, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changes.event;

  private readonly entries = new WeakMap<vscode.TextDocument, Entry>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly disposables: vscode.Disposable[] = [this.changes];
  private readonly factStore: FactStore;
  private readonly poll: NodeJS.Timeout;
  private generation = 0;
  private core: Promise<Reading> | null = null;

  constructor(private readonly log: vscode.LogOutputChannel) {
    this.factStore = new FactStore(
      {
        dataset: async (root, ignore) => (await this.load()).datasetFacts(root, ignore),
        checkpoint: async (from, folder, runsDirs) => (await this.load()).checkpointFacts(from, folder, runsDirs),
      },
      () => this.factsChanged(),
      (error) => this.log.error("Looking at images or checkpoints failed", error),
    );
    this.disposables.push(
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.soon(document)),
      vscode.workspace.onDidOpenTextDocument((document) => this.soon(document)),
      // Also before a document changes its language, which it has after this event only.
      vscode.workspace.onDidCloseTextDocument((document) => this.soon(document)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.factsChanged()),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.refreshVisible();
      }),
    );
    this.poll = setInterval(() => this.refreshVisible(), REFRESH_MS);
    this.poll.unref();
  }

  async get(document: vscode.TextDocument): Promise<ReadDocument> {
    const core = await this.load();
    const file = document.uri.scheme === "file" ? await core.experimentBehind(document.uri.fsPath) : null;
    const before = this.entries.get(document);
    const isCurrent = before?.version === document.version;
    if (isCurrent && before.generation === this.generation) return before.read;
    const reading = isCurrent ? before.reading : core.readExperiment(document.getText());
    const places = isCurrent ? before.places : placesOf(document.uri, file, core.factSources(reading));
    const facts: LintFacts = {
      ...core.machineFacts(),
      ...(places === null ? {} : this.factStore.known(places)),
    };
    const read: ReadDocument = {
      version: document.version,
      experiment: reading.experiment,
      refused: reading.refused,
      document: reading.document,
      folder: file === null ? null : dirname(file),
      facts,
      diagnostics: core.lintReading(reading, facts),
    };
    this.entries.set(document, { version: document.version, reading, places, generation: this.generation, read });
    if (!isSame(before?.places, places)) this.findOut(document, before === undefined ? 0 : TYPING_MS);
    return read;
  }

  dispose(): void {
    clearInterval(this.poll);
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private load(): Promise<Reading> {
    this.core ??= import("./reading.ts");
    return this.core;
  }

  private soon(document: vscode.TextDocument): void {
    if (!isExperiment(document)) return;
    this.later(`text ${document.uri.toString()}`, DEBOUNCE_MS, () => this.changes.fire(document.uri));
  }

  /** Half-typed paths are not looked at: the next version of the document puts it off. */
  private findOut(document: vscode.TextDocument, delayMs: number): void {
    this.later(`facts ${document.uri.toString()}`, delayMs, () => {
      const places = this.entries.get(document)?.places;
      if (places != null) void this.factStore.refresh(places);
    });
  }

  private later(key: string, delayMs: number, action: () => void): void {
    clearTimeout(this.timers.get(key));
    const run = () => {
      this.timers.delete(key);
      action();
    };
    this.timers.set(key, setTimeout(run, delayMs));
  }

  private factsChanged(): void {
    this.generation++;
    for (const document of vscode.workspace.textDocuments) {
      if (isExperiment(document)) this.changes.fire(document.uri);
    }
  }

  private refreshVisible(): void {
    for (const { document } of vscode.window.visibleTextEditors) {
      const places = isExperiment(document) ? this.entries.get(document)?.places : null;
      if (places != null) void this.factStore.refresh(places);
    }
  }
}

/**
 * What may be looked at from here: nothing for documents that are no files, the workspace only in Restricted Mode.
 * @param file the experiment that the document stands for; null: it is no file
 */
function placesOf(uri: vscode.Uri, file: string | null, { dataPath, ignore, from }: FactSources): FactPlaces | null {
  if (file === null) return null;
  const folder = dirname(file);
  const workspace = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
  const isAllowed = (path: string) =>
    vscode.workspace.isTrusted || (workspace !== undefined && wayInto(workspace, resolvePath(folder, path)) !== null);
  const runsDirs = [runsFolderFor(uri), join(folder, RUNS_FOLDER)];
  return {
    dataRoot: dataPath !== null && isAllowed(dataPath) ? resolvePath(folder, dataPath) : null,
    ignore,
    from: from !== null && isAllowed(from) ? from : null,
    folder,
    runsDirs: [...new Set(runsDirs)],
  };
}

const isSame = (a: FactPlaces | null | undefined, b: FactPlaces | null): boolean =>
  JSON.stringify(a ?? null) === JSON.stringify(b);
