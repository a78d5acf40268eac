/** What the dashboard's page and the extension say to each other. */
import * as z from "zod";
import type { Stage } from "../random/streams.ts";
import { type Evaluation, fileNameSchema } from "../run/evaluations.ts";
import type { ShownState } from "../run/liveness.ts";
import type { Neighbours } from "../run/neighbours.ts";
import type { SampleName } from "../run/sampleNames.ts";
import { CHART_IDS, type ChartId } from "../series/charts.ts";
import { AXES, type AxisName } from "../series/columns.ts";
import type { FlatConfig } from "../series/flatConfig.ts";
import type { DashboardTab } from "./dashboardTabs.ts";
import { type Protocol, pathSchema } from "./message.ts";

/** A dashboard of more runs could not tell their lines apart. */
export const MOST_RUNS = 200;
const MOST_PICTURE_BYTES = 64 * 2 ** 20;

const rangeSchema = z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, "ends before it begins");
const dirOnly = z.strictObject({ dir: pathSchema });
const dirsOnly = z.strictObject({ dirs: z.array(pathSchema).max(MOST_RUNS) });
const nothing = z.strictObject({});

/** What of the charts is in view: the extension sends what this needs, and then what changes in it. */
export const viewSchema = z.strictObject({
  /** those on the screen, the one in use first */
  charts: z.array(z.enum(CHART_IDS)).max(CHART_IDS.length),
  x: z.enum(AXES),
  logX: z.boolean(),
  /** part of the x axis in view; null: all of it, as it grows */
  range: rangeSchema.nullable(),
  /** buckets in view */
  pixels: z.number().int().min(16).max(8192),
  /** time constant of the moving average in steps; 0: none */
  tau: z.number().min(0).max(1e9),
  /** also the raw values of what is smoothed, and the bands of errors */
  raw: z.boolean(),
  /** runs that are not drawn */
  hidden: z.array(pathSchema).max(MOST_RUNS),
});
export type ChartView = z.output<typeof viewSchema>;

export const RUN_ACTIONS = ["stop", "resume", "evaluate", "reveal", "openConfig", "remove"] as const;

export const dashboardRequests = {
  /** The page is there, and wants to know its runs. */
  ready: nothing,
  view: viewSchema,
  addRuns: nothing,
  act: z.strictObject({ dir: pathSchema, action: z.enum(RUN_ACTIONS) }),
  samples: dirOnly,
  evaluations: dirsOnly,
  neighbours: z.strictObject({ dir: pathSchema, drawn: fileNameSchema, name: fileNameSchema }),
  exportEvaluations: dirsOnly,
  /** Follows one run's log; null: none any more. */
  followLog: z.strictObject({ dir: pathSchema.nullable() }),
  details: nothing,
  exportCsv: z.strictObject({
    chart: z.enum(CHART_IDS),
    x: z.enum(AXES),
    range: rangeSchema.nullable(),
    dirs: z.array(pathSchema).max(MOST_RUNS),
  }),
  savePicture: z.strictObject({
    /** proposed name without extension */
    name: z.string().min(1).max(100),
    kind: z.enum(["png", "svg"]),
    bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MOST_PICTURE_BYTES, "too large"),
  }),
} as const;

/** A run as the list beside the charts shows it. */
export interface RunInfo {
  readonly dir: string;
  /** its place among the colours, the same for as long as it is in the panel; names it in messages about lines */
  readonly slot: number;
  readonly id: string;
  /** what sets it apart from the others in the panel */
  readonly label: string;
  readonly stage: Stage | null;
  readonly state: ShownState | "damaged" | "queued";
  readonly step: number | null;
  readonly totalSteps: number | null;
  readonly imagesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly loss: number | null;
  /** what is going on, or why it ended; null: nothing to say */
  readonly message: string | null;
  readonly canStop: boolean;
  readonly canResume: boolean;
  readonly canEvaluate: boolean;
}

export interface RunEvaluations {
  readonly dir: string;
  /** oldest first */
  readonly evaluations: readonly Evaluation[];
}

/** Samples beside their nearest training images, and the picture that shows them. */
export interface ShownNeighbours extends Neighbours {
  readonly uri: string;
}

export interface SampleFile {
  readonly name: string;
  /** null: its name does not say */
  readonly step: number | null;
  /** how it was drawn, where its name says so, e.g. "ddim-50-eta-1-seed-0-count-16"; "": the run's own */
  readonly variant: string;
  /** one of several pictures of a drawing; null: the only one */
  readonly page: SampleName["page"];
  readonly uri: string;
  /** picture of the way there */
  readonly trajectory: string | null;
}

/** What there is to know about a run besides its curves. */
export interface RunDetails {
  readonly dir: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** null: its experiment cannot be read */
  readonly config: FlatConfig | null;
}

export interface DetailsResult {
  readonly runs: readonly RunDetails[];
  /** every key's default */
  readonly defaults: FlatConfig;
}

type Results = {
  ready: null;
  view: null;
  addRuns: null;
  act: null;
  samples: readonly SampleFile[];
  evaluations: readonly RunEvaluations[];
  /** null: the pictures were removed */
  neighbours: ShownNeighbours | null;
  exportEvaluations: string | null;
  followLog: null;
  details: DetailsResult;
  /** path written; null: the user chose none */
  exportCsv: string | null;
  savePicture: string | null;
};

/** Measured values, their moving average, and the edges of their error band. */
export type LineKind = "raw" | "smooth" | "low" | "high";

/** Points of one line among those of a message. */
export interface LinePart {
  readonly chart: ChartId;
  readonly slot: number;
  readonly kind: LineKind;
  /** they replace the line's points from this x on; null: all of them */
  readonly from: number | null;
  readonly count: number;
}

export interface LinesEvent {
  /** the axis that xs count; a page that has changed its mind meanwhile ignores the message */
  readonly x: AxisName;
  readonly logX: boolean;
  /** points of all parts, one part after another */
  readonly xs: Float64Array;
  readonly ys: Float32Array;
  readonly parts: readonly LinePart[];
}

type Events = {
  /** all runs of the panel, whenever their set or their labels change */
  runs: readonly RunInfo[];
  /** one of them has changed */
  run: RunInfo;
  lines: LinesEvent;
  log: { readonly dir: string; readonly text: string; readonly reset: boolean };
  /** there are other pictures in a run's samples folder */
  samplesChanged: { readonly dir: string };
  /** a run was evaluated */
  evaluationsChanged: { readonly dir: string };
  openTab: { readonly tab: DashboardTab };
};

export interface DashboardProtocol extends Protocol {
  readonly requests: typeof dashboardRequests;
  readonly results: Results;
  readonly events: Events;
}

/** What a page remembers over a reload, as far as the extension reads it. */
export const savedRunsSchema = z.looseObject({
  runs: z.array(z.object({ dir: pathSchema, slot: z.number().int().min(0).max(9999) })).max(MOST_RUNS),
});
