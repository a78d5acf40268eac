/**
 * What the mask designer and its page say to each other. The page sends no text and no path: it names keys of the experiment and
 * values for them, a finding of lint by its place, images by their number. What is done with the file is worked out in the editor.
 */
import * as z from "zod";
import type { SpeedMeasurement } from "../cost/speed.ts";
import type { KeyValue } from "../experiment/changeKeys.ts";
import { experimentKeys } from "../experiment/keys.ts";
import type { DataConfig } from "../experiment/schema.ts";
import type { LintFacts } from "../lint/facts.ts";
import type { Protocol } from "./message.ts";

/** Images shown at most, and read with one request. */
export const MAX_SHOWN_IMAGES = 64;
/** Steps are addressed by 32 bits. */
export const LARGEST_STEP = 2 ** 32 - 1;

const keyPath = z
  .string()
  .max(64)
  .refine((path) => experimentKeys().keys.has(path), { message: "no key of an experiment" });
const keyValue: z.ZodType<KeyValue> = z.union([
  z.string().max(2000),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.number()).max(8),
  z.array(z.string().max(400)).max(64),
  z.array(z.record(z.string().max(40), z.union([z.string().max(400), z.number(), z.null()]))).max(64),
]);
const place = { line: z.number().int().positive(), column: z.number().int().positive() };
const nothing = z.strictObject({});

export const designerRequests = {
  /** The page is there; answered with everything it needs. */
  ready: nothing,
  /** Writes keys, or takes them out. */
  edit: z.strictObject({
    changes: z
      .array(
        z.union([
          z.strictObject({ path: keyPath, value: keyValue }),
          z.strictObject({ path: keyPath, remove: z.literal(true) }),
        ]),
      )
      .min(1)
      .max(16),
  }),
  /** Makes the change that lint offers for a finding in this version of the text. */
  fix: z.strictObject({ version: z.number().int(), code: z.string().max(16), ...place }),
  /** Shows a place of the text in a text editor. */
  reveal: z.strictObject(place),
  /** Shows the file as text instead of the designer. */
  openText: nothing,
  /** Pixels of images of the open data set, by their numbers. */
  read: z.strictObject({
    key: z.string().max(4000),
    indices: z.array(z.number().int().nonnegative().max(LARGEST_STEP)).min(1).max(MAX_SHOWN_IMAGES),
  }),
  /** Measures the speed of this machine with the file. */
  measure: nothing,
  /** Starts training. */
  run: z.strictObject({ stage: z.enum(["pretrain", "finetune"]) }),
  /** Writes the paper's ablation of this experiment as a study, and opens it. */
  ablation: nothing,
  /** Opens the editor's page about trust. */
  manageTrust: nothing,
} as const;

/** What is known of the images. `key` is `dataKey` of the configuration that it is about. */
export type DataState =
  /** Restricted Mode: no process may be started */
  | { readonly kind: "untrusted" }
  /** the document is no file on a disk, so there is no folder to start from */
  | { readonly kind: "homeless" }
  | { readonly kind: "opening"; readonly key: string }
  | { readonly kind: "decoding"; readonly key: string; readonly done: number; readonly total: number }
  | {
      readonly kind: "ready";
      readonly key: string;
      /** usable images */
      readonly count: number;
      /** images that were left out */
      readonly broken: number;
      /** what lies there and is not read, for people; a line each */
      readonly notes: readonly string[];
      /** folders that make classes, in their order; empty without labels */
      readonly classes: readonly string[];
      readonly imageSize: number;
      readonly channels: number;
    }
  | { readonly kind: "failed"; readonly key: string; readonly error: string };

/** Speeds measured on this machine. */
export interface SpeedState {
  /** of `speedKey` */
  readonly machine: string;
  readonly measurements: readonly SpeedMeasurement[];
  readonly measuring: boolean;
}

export interface DocumentState {
  readonly text: string;
  readonly version: number;
}

type Results = {
  ready: {
    readonly fileName: string;
    readonly document: DocumentState;
    readonly facts: LintFacts;
    readonly data: DataState;
    readonly speed: SpeedState;
    /** a batch that was asked for; null: none in particular */
    readonly show: number | null;
  };
  edit: null;
  fix: null;
  reveal: null;
  openText: null;
  read: {
    /** relative to the data folder */
    readonly paths: readonly string[];
    /** null: an image has none */
    readonly classes: readonly (string | null)[];
    /** uint8 [n, H, W, C] */
    readonly pixels: Uint8Array;
  };
  measure: null;
  run: null;
  ablation: null;
  manageTrust: null;
};

type Events = {
  document: DocumentState;
  facts: LintFacts;
  data: DataState;
  speed: SpeedState;
  /** the batch of a step is to be shown */
  show: { readonly step: number };
};

export interface DesignerProtocol extends Protocol {
  readonly requests: typeof designerRequests;
  readonly results: Results;
  readonly events: Events;
}

/** What of the data section the pixels depend on. */
export function dataKey(data: DataConfig): string {
  const { path, ignore, image_size, channels, background, labels, max_broken, holdout } = data;
  return JSON.stringify([path, ignore, image_size, channels, background.toLowerCase(), labels, max_broken, holdout]);
}
