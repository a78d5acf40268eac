/** The queue of a runs folder: an entry for each run that is to begin, in files of their own. Prose: docs/run-format.md, "Queue". */
import * as z from "zod";
import { count, formatVersion, type Parsed, parseDocument, processIdentity, stageName, timestamp } from "./format.ts";

const pauseStep = () =>
  count().optional().describe("Step at which the run saves and ends as `stopped`, to go on later; missing: its last.");

export const startOrderSchema = z
  .object({
    kind: z.literal("start").describe("Tells an order for a new run."),
    stage: stageName().describe("Stage of training."),
    experimentFile: z
      .string()
      .min(1)
      .describe("Absolute path of the experiment file; relative paths in the text start at its folder."),
    experimentFromRun: z
      .string()
      .min(1)
      .optional()
      .describe("The same relative to the folder that the run will have, with /; counts first."),
    experimentText: z.string().describe("Its text when it was queued: what is trained, whatever the file says later."),
    from: z
      .string()
      .nullable()
      .describe("Run, checkpoint folder or weights to finetune from; null: what the experiment says."),
    fromScratch: z
      .boolean()
      .optional()
      .describe("Whether a finetune starts from new weights, whatever the experiment says."),
    until: pauseStep(),
    group: z
      .string()
      .min(1)
      .optional()
      .describe("Group that the run is put into when it begins, such as the name of the study that it is a part of."),
    name: z
      .string()
      .min(1)
      .optional()
      .describe("What lists call the run instead of its id, such as the cell of a study."),
    set: z
      .array(z.object({ path: z.string(), value: z.string() }))
      .describe("Overrides, such as pretrain.steps and 1000."),
  })
  .describe("A new run.");

const resumeOrderSchema = z
  .object({ kind: z.literal("resume").describe("Tells an order to go on with a run."), until: pauseStep() })
  .describe("A run that is to go on.");

export const queueEntrySchema = z
  .object({
    formatVersion: formatVersion(),
    id: z.string().min(1).describe("Name that the run's folder will have, or has if it is resumed."),
    order: z
      .discriminatedUnion("kind", [startOrderSchema, resumeOrderSchema])
      .describe(
        'What is to be done: a new run, see below, or {"kind": "resume"}, also with `until`: go on with the run of that id.',
      ),
    queuedAt: timestamp().describe("When, UTC; entries begin in this order."),
    attempts: count().describe("How often a worker has tried to begin it."),
    claim: z
      .object({
        token: z.string().min(1).describe("Known to the process that begins the run; another one gives up."),
        at: timestamp().describe("When, UTC."),
      })
      .optional()
      .describe("Set by the worker that has taken the entry."),
    process: processIdentity().optional().describe("The process that was started for it."),
    failure: z
      .object({
        message: z.string().describe("One line for people."),
        log: z.string().describe("Absolute path of what the process printed."),
        at: timestamp().describe("When, UTC."),
      })
      .optional()
      .describe("Why the run did not begin; only in the state failed."),
  })
  .describe("An entry of the queue of a runs folder.");

export type QueueEntry = z.output<typeof queueEntrySchema>;
export type QueueOrder = QueueEntry["order"];

/** waiting: until there is room; started: a process was or is being started for it; failed: the run did not begin. */
export const QUEUE_STATES = ["waiting", "started", "failed"] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

export const queueLimitSchema = z
  .object({
    formatVersion: formatVersion(),
    runsAtOnce: z.number().int().min(1).max(64).describe("Runs of the queue that may be at work at the same time."),
  })
  .describe("limit.json of a queue.");

export const DEFAULT_RUNS_AT_ONCE = 1;
/** Runs that other machines compute take no room of this one; only so many processes wait for them here at the same time. */
export const MOST_RUNS_ELSEWHERE = 32;

/** @param text content of an entry's file */
export const parseQueueEntry = (text: string): Parsed<QueueEntry> => parseDocument(queueEntrySchema, text);
