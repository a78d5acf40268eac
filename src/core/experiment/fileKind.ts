/** Files that are read, checked, completed and documented key by key: experiments and studies. */
import type * as z from "zod";
import type { Diagnostic } from "./diagnostic.ts";
import type { ExperimentDocument } from "./document.ts";
import type { PlainMapping } from "./yamlReader.ts";

/** A key without a default. */
export interface RequiredKey {
  /** stands in for it where it is missing, so that the other keys can be looked at */
  readonly standIn: unknown;
  /** YAML text that a fix writes */
  readonly example: string;
  /** what it is for, behind "KEY is missing: " */
  readonly missing: string;
}

export interface FileKind<T = unknown> {
  /** as in "an experiment file" */
  readonly noun: "experiment" | "study";
  /** what such a file consists of, behind "is made of" */
  readonly madeOf: (names: string) => string;
  readonly schema: z.ZodType<T>;
  /** by dotted key */
  readonly required: Readonly<Record<string, RequiredKey>>;
  readonly smallest: { readonly text: string; readonly hint: string };
  /** what follows "There is no key NAME at the top of the file" for a name that is known elsewhere */
  readonly elsewhere?: (name: string) => string | null;
  /** Takes the parts of values out that are wrong while others beside them can be kept, and says why. */
  readonly sift?: (values: PlainMapping, document: ExperimentDocument) => Diagnostic[];
}
