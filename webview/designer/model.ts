/** What the page knows: the file's text with what is being typed, what it comes to, and what the extension tells. */
import { changeKeys, type KeyChange } from "../../src/core/experiment/changeKeys.ts";
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { ExperimentDocument } from "../../src/core/experiment/document.ts";
import { readExperiment } from "../../src/core/experiment/read.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import type { LintFacts } from "../../src/core/lint/facts.ts";
import { lintReading } from "../../src/core/lint/lint.ts";
import type { DataState, DocumentState, SpeedState } from "../../src/core/protocol/designer.ts";
import { type ClassLabels, classLabels } from "./classLabels.ts";
import type { ViewState } from "./viewState.ts";

/** The text as it is read now. */
export interface Reading {
  readonly document: ExperimentDocument;
  /** null: the text does not parse */
  readonly experiment: Experiment | null;
  readonly refused: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** What changed, so that views redo only what they must. */
export type Aspect = "reading" | "view" | "data" | "speed";

export class DesignerModel {
  fileName = "";
  text: DocumentState = { text: "", version: 0 };
  facts: LintFacts = {};
  data: DataState = { kind: "opening", key: "" };
  speed: SpeedState = { machine: "", measurements: [], measuring: false };
  reading: Reading = { ...readExperiment(""), diagnostics: [] };
  /** the experiment of the last text that parsed */
  lastGood: Experiment | null = null;
  /** when the last change came, of performance.now */
  changedAt = 0;
  /** values that were typed or dragged and are not in the file yet, by key */
  private readonly drafts = new Map<string, KeyChange>();
  private readonly listeners: ((aspect: Aspect) => void)[] = [];

  constructor(public view: ViewState) {}

  onChange(listener: (aspect: Aspect) => void): void {
    this.listeners.push(listener);
  }

  setDocument(document: DocumentState): void {
    this.changedAt = performance.now();
    this.text = document;
    this.read();
  }

  setFacts(facts: LintFacts): void {
    this.facts = facts;
    this.read();
  }

  setData(data: DataState): void {
    this.changedAt = performance.now();
    this.data = data;
    this.tell("data");
  }

  setSpeed(speed: SpeedState): void {
    this.speed = speed;
    this.tell("speed");
  }

  setView(change: Partial<ViewState>): void {
    this.changedAt = performance.now();
    this.view = { ...this.view, ...change };
    this.tell("view");
  }

  /** The classes of the images in the stage that is looked at; null: none, or not known. */
  classesOf(experiment: Experiment): ClassLabels | null {
    return classLabels(experiment, this.view.stage, this.data, this.facts);
  }

  /** Shows what a change would do, before it is in the file. */
  draft(change: KeyChange): void {
    this.changedAt = performance.now();
    this.drafts.set(change.path, change);
    this.read();
  }

  /** Forgets a draft, unless a newer one took its place. */
  settle(change: KeyChange): void {
    if (this.drafts.get(change.path) !== change) return;
    this.drafts.delete(change.path);
    this.read();
  }

  /** Forgets what was typed for a key. */
  forget(path: string): void {
    if (this.drafts.delete(path)) this.read();
  }

  private read(): void {
    const reading = readExperiment(this.draftedText());
    this.reading = { ...reading, diagnostics: lintReading(reading, this.facts) };
    if (reading.experiment !== null) this.lastGood = reading.experiment;
    this.tell("reading");
  }

  private draftedText(): string {
    try {
      return changeKeys(this.text.text, [...this.drafts.values()]);
    } catch {
      // The file itself is told to be wrong; a draft that does not fit it is refused when it is sent.
      return this.text.text;
    }
  }

  private tell(aspect: Aspect): void {
    for (const listener of this.listeners) listener(aspect);
  }
}
