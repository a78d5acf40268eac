/**
 * What the study editor and its page say to each other. The page sends no text and no path of a file: it names keys of the study
 * with values for them, cells by their place in the plan, commands by their name.
 */
import * as z from "zod";
import type { Diagnostic } from "../experiment/diagnostic.ts";
import type { CellState } from "../study/cellState.ts";
import type { SampleStrip } from "../study/charts/sampleStrips.ts";
import { CURVE_MEASURES, type SeedCurve } from "../study/charts/seedCurves.ts";
import { METRIC_NAMES } from "../study/metrics.ts";
import { MOST_CELLS } from "../study/plan.ts";
import type { PlanOutline } from "../study/results.ts";
import { studySchema } from "../study/schema.ts";
import type { StudyTotals } from "../study/totals.ts";
import type { DocumentState } from "./designer.ts";
import type { Protocol } from "./message.ts";

const MOST_PICTURE_BYTES = 64 * 2 ** 20;
const MOST_VALUE_CHARACTERS = 20_000;
/** Runs that one dashboard is opened with from a cell. */
const MOST_CELLS_OPENED = 60;
/** Curves that can be told apart, and more. */
export const MOST_CURVES = 12;
/** Configurations whose images are shown below each other. */
export const MOST_STRIPS = 16;

const keys = Object.keys(studySchema.shape);
/** A key of the study, an axis by its name, and the parts of what either holds. */
const path = z
  .array(z.string().min(1).max(200))
  .min(1)
  .max(3)
  .refine(([first = ""]) => keys.includes(first), { message: "no key of a study" });
const value = z
  .json()
  .refine((given) => JSON.stringify(given).length <= MOST_VALUE_CHARACTERS, { message: "too long" });
const place = { line: z.number().int().positive(), column: z.number().int().positive() };
const cell = z
  .number()
  .int()
  .min(0)
  .max(MOST_CELLS - 1);
const configuration = cell;
const nothing = z.strictObject({});

/** What a button does with the study; each is a command line, too. */
export const STUDY_ACTIONS = ["run", "stop", "retry", "report"] as const;
export type StudyAction = (typeof STUDY_ACTIONS)[number];
const action = z.strictObject({ action: z.enum(STUDY_ACTIONS) });

export const studyRequests = {
  /** The page is there; answered with everything it needs. */
  ready: nothing,
  /** Writes keys, or takes them out. */
  edit: z.strictObject({
    changes: z
      .array(z.union([z.strictObject({ path, value }), z.strictObject({ path, remove: z.literal(true) })]))
      .min(1)
      .max(16),
  }),
  /** Makes the change that lint offers for a finding in this version of the text. */
  fix: z.strictObject({ version: z.number().int(), code: z.string().max(16), ...place }),
  /** Shows a place of the text in a text editor. */
  reveal: z.strictObject(place),
  /** Shows the file as text instead of the editor. */
  openText: nothing,
  /** Opens the experiment that the study varies. */
  openBase: z.strictObject({ as: z.enum(["text", "designer"]) }),
  /** Lets the user choose another experiment. */
  chooseBase: nothing,
  act: action,
  /** Puts the command line that does the same on the clipboard. */
  copyCommand: action,
  /** Opens the runs of cells in a dashboard. */
  openRuns: z.strictObject({ cells: z.array(cell).min(1).max(MOST_CELLS_OPENED) }),
  /** Shows what the process that works on the study has written. */
  openLog: nothing,
  /** A measure over the training of configurations, their seeds folded. */
  curves: z.strictObject({
    configurations: z.array(configuration).max(MOST_CURVES),
    measure: z.enum(CURVE_MEASURES),
    axis: z.enum(["step", "seconds"]),
  }),
  /** The first images that were drawn of cells that are done. */
  samples: z.strictObject({ cells: z.array(cell).max(MOST_STRIPS) }),
  /** By which metric results are told from now on; null: the study's. */
  metric: z.strictObject({ metric: z.enum(METRIC_NAMES).nullable() }),
  /** Measures the speed of this machine with the experiment. */
  measure: nothing,
  /** Opens the editor's page about trust. */
  manageTrust: nothing,
  /** Writes a picture or a table to where the user says. */
  save: z.strictObject({
    /** proposed name without extension */
    name: z.string().min(1).max(100),
    kind: z.enum(["png", "svg", "csv"]),
    bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MOST_PICTURE_BYTES, "too large"),
  }),
} as const;

/** The experiment that the study varies. */
export interface BaseState {
  /** as the file writes it; "": it names none */
  readonly written: string;
  /** whether it is there and can be read */
  readonly found: boolean;
}

/** What a study may cost on this machine, before it starts. */
export interface StudyForecast {
  /** of the trainings that are not there yet, one after the other; null: the machine was not measured with their settings */
  readonly seconds: number | null;
  /** predicted peak memory of the one that takes most */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** trainings that are still to be computed */
  readonly remaining: number;
}

/** What the files come to; `version` counts plans, and states of cells belong to one. */
export type PlanState =
  | { readonly kind: "none"; readonly version: number; readonly base: BaseState; readonly reason: string }
  | {
      readonly kind: "planned";
      readonly version: number;
      readonly base: BaseState;
      readonly outline: PlanOutline;
      readonly totals: StudyTotals;
    };

export interface WorkState {
  /** whether a process works on the study */
  readonly atWork: boolean;
  /** whether it was ever started */
  readonly started: boolean;
  /** whether the files say something else than what was started */
  readonly changed: boolean;
  /** what is going on, or how it ended; null: nothing to say */
  readonly message: string | null;
  /** Restricted Mode: nothing may be started */
  readonly trusted: boolean;
  readonly measuring: boolean;
}

/** States of cells that are others than before, by their places in the plan. */
export interface CellsState {
  readonly version: number;
  /** that the values of cells are of */
  readonly metric: PlanOutline["metric"];
  /** see `kidFloor` */
  readonly floor: number | null;
  readonly states: readonly (readonly [cell: number, state: CellState])[];
}

type Results = {
  ready: {
    readonly fileName: string;
    readonly document: DocumentState;
    readonly commands: Readonly<Record<StudyAction, string>>;
  };
  edit: null;
  fix: null;
  reveal: null;
  openText: null;
  openBase: null;
  chooseBase: null;
  act: null;
  copyCommand: null;
  openRuns: null;
  openLog: null;
  /** of those that have a place that all their seeds have reached */
  curves: readonly SeedCurve[];
  /** of those whose images are there, `row` is the cell's configuration */
  samples: readonly SampleStrip[];
  metric: null;
  measure: null;
  manageTrust: null;
  /** path written; null: the user chose none */
  save: string | null;
};

type Events = {
  document: DocumentState;
  /** what lint finds in that version of the text: more than its schema refuses */
  problems: { readonly version: number; readonly diagnostics: readonly Diagnostic[] };
  plan: PlanState;
  cells: CellsState;
  work: WorkState;
  forecast: StudyForecast;
};

export interface StudyProtocol extends Protocol {
  readonly requests: typeof studyRequests;
  readonly results: Results;
  readonly events: Events;
}
