/** annotations.json: what people say about a run. The trainer writes what its order says of group and name as the run begins, and reads nothing. */
import * as z from "zod";
import { formatVersion, type Parsed, parseDocument } from "./format.ts";

export const annotationsSchema = z
  .looseObject({
    formatVersion: formatVersion(),
    name: z.string().min(1).optional().describe("Name to show instead of the run's id."),
    tags: z.array(z.string().min(1)).describe("Words to find the run by."),
    note: z.string().min(1).optional().describe("Free text."),
    pinned: z.boolean().describe("Shown before the others."),
    archived: z.boolean().describe("Hidden from lists that do not ask for it."),
    group: z.string().min(1).optional().describe("Group it is shown in; missing: none."),
  })
  .describe("annotations.json of a run. Replaced atomically, by viewers.");

export type Annotations = z.output<typeof annotationsSchema>;

/** @param text content of annotations.json */
export const parseAnnotations = (text: string): Parsed<Annotations> => parseDocument(annotationsSchema, text);
