/** study.json: what was started, and what cannot be read off the run folders. Prose: docs/run-format.md, "Studies". */
import * as z from "zod";
import { count, formatVersion, type Parsed, parseDocument, processIdentity, timestamp } from "../run/format.ts";

export const studyRecordSchema = z
  .object({
    formatVersion: formatVersion(),
    name: z.string().min(1).describe("Name of the study: its file's name without the extension."),
    studyFile: z.string().describe("Absolute path of the study file when it was last started."),
    studyText: z.string().describe("Its text then: what is computed, whatever the file says later."),
    baseFile: z
      .string()
      .describe("Absolute path of the experiment file; relative paths in its text start at its folder."),
    baseText: z.string().describe("Its text then."),
    startedAt: timestamp().describe("When it was last started, UTC."),
    settled: z
      .record(
        z.string(),
        z.object({
          steps: z.number().int().min(1).describe("Optimiser steps that the run gets."),
          secondsPerStep: z.number().positive().describe("What a step took when it was timed."),
        }),
      )
      .describe(
        "By run: steps that a budget in seconds comes to. Once settled they stay, so that a cell stays the same.",
      ),
    rungs: z
      .record(
        z.string(),
        z.object({
          rung: count().describe("Number of the rung, from 0."),
          value: z.number().nullable().describe("The metric there; null: it could not be had."),
          goesOn: z
            .boolean()
            .describe("Whether it goes on behind it; false: the others have not reached it yet, or it was given up."),
        }),
      )
      .describe("By key of a cell: the last rung of halving that it has reached."),
    givenUp: z
      .record(z.string(), z.number())
      .describe("By key of a cell: share of its last stage at which halving gave it up."),
    failed: z
      .record(
        z.string(),
        z.object({ message: z.string().describe("One line for people."), at: timestamp().describe("When, UTC.") }),
      )
      .describe("By key of a cell: why its evaluation, or the start of a run, failed."),
    evaluating: z
      .object({
        cell: z.string().describe("Key of the cell."),
        run: z.string().describe("Id of the run."),
        done: count().describe("Images drawn."),
        process: processIdentity().describe("The process that does it, which goes on where the worker is killed."),
      })
      .nullable()
      .describe("What is being evaluated; only of meaning while a process works on the study."),
    asked: z.enum(["run", "stop"]).describe("What was asked for last."),
    message: z.string().nullable().describe("One line for people: what is going on, or how it ended."),
  })
  .describe("study.json of a study: what was started and what was settled on the way. Replaced atomically.");

export type StudyRecord = z.output<typeof studyRecordSchema>;

/** What a plan is made from. */
export const studyTextsSchema = studyRecordSchema.pick({
  ...{ name: true, studyFile: true, studyText: true, baseFile: true, baseText: true },
});
export type StudyTexts = z.output<typeof studyTextsSchema>;

/** Of a record or the like, and nothing else of it. */
export const textsOf = ({ name, studyFile, studyText, baseFile, baseText }: StudyTexts): StudyTexts => ({
  ...{ name, studyFile, studyText, baseFile, baseText },
});

/** @param text content of study.json */
export const parseStudyRecord = (text: string): Parsed<StudyRecord> => parseDocument(studyRecordSchema, text);
