/** Reads and lints each version of an open document once, for all language features. */
import { dirname } from "node:path";
import * as vscode from "vscode";
import { resolvePath } from "../../node/homePath.ts";
import { wayInto } from "../../node/wayInto.ts";
import type { LintedDocument, OpenDocuments } from "../services.ts";
import type { DocumentLanguage } from "./documentLanguages.ts";
import type { FactStore } from "./factStore.ts";

interface Entry<G, P, D> {
  readonly version: number;
  readonly reading: G;
  readonly places: P | null;
  /** of the facts that `read` was linted with */
  generation: number;
  read: D;
}

/** After a change of the text, the features look again this much later. */
const DEBOUNCE_MS = 40;
/** A path is looked at when nothing was typed into it for so long. */
const TYPING_MS = 250;
/** How often what visible documents name is looked at again. */
const REFRESH_MS = 3000;

/** What one kind of document needs; loaded with the first of them. */
export interface DocumentReader<G, P, F extends object, D extends LintedDocument> {
  readonly facts: FactStore<P, F>;
  /** absolute path of the file that relative paths start from; null: the document is no file */
  home(uri: vscode.Uri): Promise<string | null>;
  read(text: string): G;
  /** what may be looked at; the reader asks `isAllowed` of a path as written */
  places(reading: G, home: string, isAllowed: (path: string) => boolean, uri: vscode.Uri): P;
  lint(reading: G, facts: Partial<F>, document: Pick<D, "version" | "folder">): D;
}

/** @typeParam G what was read, P where its facts come from, F the facts, D what features get */
export class DocumentStore<G, P, F extends object, D extends LintedDocument>
  implements OpenDocuments<D>, vscode.Disposable
{
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changes.event;

  private readonly entries = new WeakMap<vscode.TextDocument, Entry<G, P, D>>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly disposables: vscode.Disposable[] = [this.changes];
  private readonly poll: NodeJS.Timeout;
  private generation = 0;
  private loading: Promise<DocumentReader<G, P, F, D>> | null = null;
  private reader: DocumentReader<G, P, F, D> | null = null;

  /** @param start loads what reads documents; it tells by `changed` when facts came to be known */
  constructor(
    private readonly language: DocumentLanguage,
    private readonly start: (changed: () => void) => Promise<DocumentReader<G, P, F, D>>,
  ) {
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

  async get(document: vscode.TextDocument): Promise<D> {
    const reader = await this.load();
    const home = await reader.home(document.uri);
    const before = this.entries.get(document);
    const isCurrent = before?.version === document.version;
    if (isCurrent && before.generation === this.generation) return before.read;
    const reading = isCurrent ? before.reading : reader.read(document.getText());
    const places = isCurrent
      ? before.places
      : home && reader.places(reading, home, allowing(document.uri, home), document.uri);
    const { version } = document;
    const folder = home === null ? null : dirname(home);
    const known: Partial<F> = places === null || places === "" ? {} : reader.facts.known(places);
    const read = reader.lint(reading, known, { version, folder });
    this.entries.set(document, { version, reading, places: places || null, generation: this.generation, read });
    if (!isSame(before?.places, places)) this.findOut(document, before === undefined ? 0 : TYPING_MS);
    return read;
  }

  dispose(): void {
    clearInterval(this.poll);
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private load(): Promise<DocumentReader<G, P, F, D>> {
    this.loading ??= this.start(() => this.factsChanged()).then((reader) => {
      this.reader = reader;
      return reader;
    });
    return this.loading;
  }

  private soon(document: vscode.TextDocument): void {
    if (!this.language.has(document)) return;
    this.later(`text ${document.uri.toString()}`, DEBOUNCE_MS, () => this.changes.fire(document.uri));
  }

  /** Half-typed paths are not looked at: the next version of the document puts it off. */
  private findOut(document: vscode.TextDocument, delayMs: number): void {
    this.later(`facts ${document.uri.toString()}`, delayMs, () => this.refresh(document));
  }

  private refresh(document: vscode.TextDocument): void {
    const places = this.entries.get(document)?.places;
    if (places != null) void this.reader?.facts.refresh(places);
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
      if (this.language.has(document)) this.changes.fire(document.uri);
    }
  }

  private refreshVisible(): void {
    for (const { document } of vscode.window.visibleTextEditors)
      if (this.language.has(document)) this.refresh(document);
  }
}

/** Whether a path of a document may be looked at: in Restricted Mode the workspace only. */
function allowing(uri: vscode.Uri, home: string): (path: string) => boolean {
  const workspace = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
  return (path) =>
    vscode.workspace.isTrusted ||
    (workspace !== undefined && wayInto(workspace, resolvePath(dirname(home), path)) !== null);
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
