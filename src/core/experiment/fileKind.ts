/** Files that are read, checked, completed and documented key by key: experiments and studies. */
import type * as z from "zod";

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
  /** what to do with a file that another program's layout gives away; null: it is none. Nothing else is said of it then */
  readonly foreign?: (root: unknown) => string | null;
}
