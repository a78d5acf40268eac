/** state.json of a checkpoint: what besides tensors a resume needs, and the proof that the checkpoint is complete. */
import * as z from "zod";
import { classNames, count, formatVersion, type Parsed, parseDocument, stageName, timestamp } from "./format.ts";

const fileIntegrity = z
  .object({
    bytes: count().describe("Size in bytes."),
    crc32: z
      .string()
      .regex(/^[0-9a-f]{8}$/)
      .describe("CRC-32 (ISO 3309, as in zlib) of all bytes, 8 hex digits."),
  })
  .describe("Size and checksum of a file of this checkpoint.");

export const WEIGHT_SETS = ["raw", "ema", "optimizer"] as const;
/** raw and EMA weights of the model, and the optimiser's moments */
export type WeightSet = (typeof WEIGHT_SETS)[number];
export const WEIGHT_FILES: Readonly<Record<WeightSet, string>> = {
  raw: "model.safetensors",
  ema: "ema.safetensors",
  optimizer: "optimizer.safetensors",
};

export const checkpointSchema = z
  .looseObject({
    formatVersion: formatVersion(),
    stage: stageName().describe("Stage of training."),
    step: count().describe("Optimiser steps completed; also AdamW's step count."),
    imagesSeen: count().describe("Images trained on since step 0."),
    emaUpdates: count().describe("Updates of the EMA so far; its warm-up depends on it."),
    elapsedSeconds: z.number().min(0).describe("Seconds of training since step 0, over all sessions."),
    classes: classNames()
      .optional()
      .describe("Names of the model's classes by number; missing: it has none, or they are not known."),
    loop: z
      .record(z.string(), z.json())
      .optional()
      .describe("State of the training loop that is the engine's own business; another engine may ignore it."),
    createdAt: timestamp().describe("When the checkpoint was written, UTC."),
    files: z
      .object({
        "model.safetensors": fileIntegrity,
        "ema.safetensors": fileIntegrity,
        "optimizer.safetensors": fileIntegrity,
      })
      .catchall(fileIntegrity)
      .describe("The other files of the folder. A checkpoint is whole if every size and checksum agrees."),
  })
  .describe("state.json of a checkpoint, the last file written into it.");

/** state.json as read */
export type CheckpointRecord = z.output<typeof checkpointSchema>;
/** What the training loop hands over; the writer adds the version, the time and the files. */
export type CheckpointState = Pick<
  CheckpointRecord,
  "stage" | "step" | "imagesSeen" | "emaUpdates" | "elapsedSeconds" | "classes" | "loop"
>;

/** @param text content of state.json */
export const parseCheckpoint = (text: string): Parsed<CheckpointRecord> => parseDocument(checkpointSchema, text);

const FOLDER = /^step-(\d{8,15})$/;
/** `step-00001000`: at least 8 digits, so that names sort like steps up to 10^8. */
export const checkpointName = (step: number): string => `step-${String(step).padStart(8, "0")}`;
/** @returns the step of a checkpoint folder's name, or null if it is not one */
export function checkpointStep(name: string): number | null {
  const digits = FOLDER.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
