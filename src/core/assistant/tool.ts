/** What a tool is: texts and schemas that a model reads, and a function behind them. */
import type * as z from "zod";
import { UserError } from "../errors.ts";
import type { ToolHost } from "./toolHost.ts";
import type { ToolName } from "./toolNames.ts";

/** A file that a result is about. */
export interface FileLink {
  /** absolute path */
  readonly path: string;
  readonly mimeType: string;
  readonly description: string;
}

/** @typeParam O the same for a machine */
export interface ToolResult<O = object> {
  /** everything that matters, for a model to read */
  readonly text: string;
  readonly data: O;
  /** PNG files */
  readonly pictures?: readonly Uint8Array[];
  readonly links?: readonly FileLink[];
}

/** Of whoever waits for a result. */
export interface Caller {
  readonly signal: AbortSignal;
  /** told how far a tool is that takes its time; `total` 0: not known */
  readonly progress: (done: number, total: number, message: string) => void;
}

/** What a user is asked before something is done. */
export interface Question {
  readonly title: string;
  /** exactly what will be done, in plain text */
  readonly message: string;
  /** arguments of the command by which the user does the same, besides --runs-dir, in the workspace's folder */
  readonly command: readonly string[];
}

/** A call whose input is checked. Nothing is changed before `act`. */
export interface PreparedCall<O = object> {
  /** null: it only reads */
  readonly question: Question | null;
  readonly act: (caller: Caller) => Promise<ToolResult<O>>;
}

interface ToolTexts {
  readonly name: ToolName;
  readonly title: string;
  /** for a model: what it does, when to use it */
  readonly description: string;
  /** for a user, in a line */
  readonly summary: string;
}

export interface Tool extends ToolTexts {
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** whether it changes anything, and therefore asks */
  readonly acts: boolean;
  /** @throws UserError where the input, or what it names, will not do */
  prepare(input: unknown, host: ToolHost): Promise<PreparedCall>;
}

interface Definition<I extends z.ZodObject, O extends z.ZodObject> extends ToolTexts {
  readonly input: I;
  readonly output: O;
}

/** A tool that changes nothing. */
export function readingTool<I extends z.ZodObject, O extends z.ZodObject>(
  definition: Definition<I, O>,
  read: (input: z.output<I>, host: ToolHost, caller: Caller) => Promise<ToolResult<z.input<O>>>,
): Tool {
  return {
    ...definition,
    acts: false,
    prepare: async (input, host) => {
      const checked = checkedInput(definition, input);
      return { question: null, act: (caller) => read(checked, host, caller) };
    },
  };
}

/** A tool that changes something, after the user was asked. */
export function actingTool<I extends z.ZodObject, O extends z.ZodObject>(
  definition: Definition<I, O>,
  prepare: (input: z.output<I>, host: ToolHost) => Promise<PreparedCall<z.input<O>> & { readonly question: Question }>,
): Tool {
  return {
    ...definition,
    acts: true,
    prepare: async (input, host) => prepare(checkedInput(definition, input), host),
  };
}

function checkedInput<I extends z.ZodObject>(
  { name, input }: { name: ToolName; input: I },
  value: unknown,
): z.output<I> {
  const parsed = input.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join(".") || "the input";
  throw new UserError(`${name}: ${place}: ${issue?.message}. It takes: ${Object.keys(input.shape).join(", ")}.`);
}
