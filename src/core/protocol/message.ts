/**
 * What extension and webview say to each other. A view's own file (designer.ts, dashboard.ts) lists its requests and events; this
 * is the envelope. Bytes travel as Uint8Array, which VS Code transfers without encoding them as text.
 */
import * as z from "zod";

/**
 * What a webview may ask: for each method the schema of its parameters. Parameters come from a page and are validated; results
 * come from our own extension and have types alone, see `Results`.
 */
export type RequestSchemas = Readonly<Record<string, z.ZodType>>;

/** Parameters of a method, as the webview passes them. */
export type Params<R extends RequestSchemas, M extends keyof R> = z.input<R[M]>;

/** Envelope of everything a webview sends: a request, answered by exactly one reply with the same id. */
export const requestSchema = z.object({
  kind: z.literal("request"),
  id: z.number().int().nonnegative(),
  method: z.string().max(64),
  params: z.unknown(),
});
export type RequestMessage = z.output<typeof requestSchema>;

/** The answer to a request. An error is one line for people. */
export type ReplyMessage =
  | { readonly kind: "reply"; readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly kind: "reply"; readonly id: number; readonly ok: false; readonly error: string };

/** Something the extension tells unasked. */
export interface EventMessage {
  readonly kind: "event";
  readonly event: string;
  readonly data: unknown;
}

export type MessageToWebview = ReplyMessage | EventMessage;

/** Path of a file or folder in a message: absolute, and to be checked against the workspace before it is used. */
export const pathSchema = z.string().min(1).max(4096);
