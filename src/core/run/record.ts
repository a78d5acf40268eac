/** run.json: what a run is and who wrote it; changed only when a session begins or ends. */
import * as z from "zod";
import { classNames, count, formatVersion, type Parsed, parseDocument, stageName, timestamp } from "./format.ts";
import { FINAL_STATES } from "./status.ts";

const pid = () => z.number().int().min(1).describe("Process id of the writer.");
const processStart = () =>
  z
    .string()
    .min(1)
    .describe(
      "Start time of that process in the form of its platform; with pid and host it names one process for good.",
    );
const host = () => z.string().describe("Name of the machine.");
const configHash = () =>
  z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .describe("sha256: and the hex digest of the bytes of experiment.maskdm.yaml.");
const command = () => z.array(z.string()).describe("The command line, one string per argument.");
const versions = () =>
  z
    .object({ maskdm: z.string().describe("Version of MaskDM, or of the engine that stands for it.") })
    .catchall(z.string())
    .describe("Versions of the software by name: node (or python), backend (the runtime that computes the steps), …");

const changeSchema = z
  .object({
    key: z.string().describe("Dotted key of the experiment."),
    from: z.string().describe("Its value before, as YAML text."),
    to: z.string().describe("Its value in this session."),
  })
  .describe("A key that holds another value from the session's fromStep on.");

export const sessionSchema = z
  .looseObject({
    pid: pid(),
    processStart: processStart(),
    host: host(),
    startedAt: timestamp().describe("When the session began, UTC."),
    fromStep: count().describe("Step of the checkpoint it began from; 0: from new weights or those of the parent."),
    command: command().optional(),
    versions: versions().optional(),
    backend: z.string().optional().describe("Backend of this session."),
    configHash: configHash().optional(),
    changes: z
      .array(changeSchema)
      .optional()
      .describe(
        "Keys of the experiment that the command line changed: in the first session against the user's file, later against the steps up to fromStep.",
      ),
    endedAt: timestamp().optional().describe("When it ended, UTC; missing: still at work, or killed."),
    endState: z.enum(FINAL_STATES).optional().describe("State it ended in; missing like endedAt."),
  })
  .describe("One process that wrote the run: the first, or a resume.");

export const runSchema = z
  .looseObject({
    formatVersion: formatVersion(),
    id: z.string().min(1).describe("Name of the folder when the run was made. A moved folder keeps it."),
    name: z.string().min(1).describe("Name of the experiment: its file's name without the extension."),
    stage: stageName().describe("Stage of training."),
    experimentFile: z
      .string()
      .describe(
        "Absolute path of the experiment file when a session last began. Relative paths in the frozen file start at its folder; see Moved runs.",
      ),
    experimentFromRun: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The same relative to the run's folder, with /; counts first. Missing: not known, or they have no folder in common.",
      ),
    command: command(),
    versions: versions(),
    backend: z.string().describe("Backend of the newest session, e.g. native, onnx or tfjs-wasm."),
    host: host(),
    platform: z.string().describe("Operating system and processor architecture, e.g. linux-x64."),
    machine: z
      .looseObject({
        cpu: z.string().describe("Model name of the processor."),
        cores: z
          .number()
          .int()
          .min(1)
          .describe(
            "Threads that the process could run at once: fewer than the machine's where a container allows fewer.",
          ),
        memoryBytes: count().describe(
          "Memory in bytes that the process could take: the machine's, or the limit of a container.",
        ),
      })
      .optional()
      .describe("The machine of the first session."),
    git: z
      .object({
        revision: z.string().describe("Full commit id."),
        dirty: z.boolean().describe("Whether tracked files differed from it."),
      })
      .nullable()
      .describe("Revision of the repository that holds the experiment file; null: not in one."),
    configHash: configHash(),
    seed: count().describe("Seed of every random stream when the run was made."),
    pid: pid(),
    processStart: processStart(),
    parent: z
      .looseObject({
        run: z.string().nullable().describe("Id of the parent run; null: a checkpoint outside of a run."),
        checkpoint: z.string().describe("Absolute path of the weights file at the time."),
        checkpointFromRun: z
          .string()
          .min(1)
          .optional()
          .describe("The same relative to the run's folder, with /; counts first."),
        step: count().nullable().describe("Step of that checkpoint; null: not written in the file."),
        weights: z.enum(["raw", "ema"]).describe("Which weights were taken."),
      })
      .nullable()
      .describe("What the run started from; null: from new weights, or imported."),
    imported: z
      .looseObject({
        from: z.array(z.string()).min(1).describe("Absolute paths of the files at the time."),
        layout: z.string().describe("Whose published names the tensors had: maskdm, uvit or dit."),
        optimizer: z.boolean().describe("Whether the optimiser's state came along; without it the run is not resumed."),
      })
      .optional()
      .describe("Where weights are from that another program trained; missing: the run began here."),
    classes: classNames()
      .optional()
      .describe(
        "Names of the model's classes by number, also of those of the parent; missing: it has none, or they are not known.",
      ),
    createdAt: timestamp().describe("When the run was made, UTC."),
    totalSteps: count().describe("Optimiser steps the run is to have at its end."),
    sessions: z.array(sessionSchema).min(1).describe("Every process that wrote the run, oldest first."),
  })
  .describe(
    "run.json of a run: what it is and who wrote it. Replaced atomically; host, pid, processStart: the newest session's.",
  );

export type RunRecord = z.output<typeof runSchema>;
export type RunSession = z.output<typeof sessionSchema>;
export type SessionChange = z.output<typeof changeSchema>;
export type RunParent = NonNullable<RunRecord["parent"]>;

/** @param text content of run.json */
export const parseRun = (text: string): Parsed<RunRecord> => parseDocument(runSchema, text);
