/** request.json of a study: what its worker is asked for. Whoever writes it last is heard; the worker takes it away. */
import * as z from "zod";
import { formatVersion, type Parsed, parseDocument, timestamp } from "../run/format.ts";
import { studyTextsSchema } from "./record.ts";

export const studyRequestSchema = z
  .object({
    formatVersion: formatVersion(),
    command: z
      .enum(["run", "retry", "stop"])
      .describe(
        "run: begin, or go on; retry: the same, and what failed is tried again; stop: save what is at work and end.",
      ),
    requestedAt: timestamp().describe("When, UTC."),
    study: studyTextsSchema
      .optional()
      .describe("What is to be computed, with run; missing: what was before. Its fields are those of study.json."),
  })
  .describe("request.json of a study. Written by anyone, atomically.");

export type StudyRequest = z.output<typeof studyRequestSchema>;

/** @param text content of request.json */
export const parseStudyRequest = (text: string): Parsed<StudyRequest> => parseDocument(studyRequestSchema, text);
