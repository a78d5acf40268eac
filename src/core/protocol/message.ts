/**
 * What extension and webview say to each other. A view's own file (designer.ts, dashboard.ts) lists its requests, their results and its
 * events in one `Protocol`, by which both ends are typed; this is the envelope. Bytes travel as Uint8Array, which VS Code transfers
 * without encoding them as text.
 */
import * as z from "zod";

/** All that one view and the extension say, by name. A view's own has to name its members one by one, or any name would do. */
export interface Protocol {
  /** for each method the schema of its parameters: those come from a page and are validated */
  readonly requests: Readonly<Record<string, z.ZodType>>;
  /** for each method what answers it: that comes from our own extension and has a type alone */
  readonly results: Readonly<Record<string, unknown>>;
  /** what the extension tells unasked, with its data */
  readonly events: Readonly<Record<string, unknown>>;
}

/** Names of a view's requests; one without a result is none. */
export type MethodOf<P extends Protocol> = keyof P["requests"] & keyof P["results"] & string;
/** Parameters of a method, as the webview passes them. */
export type Params<P extends Protocol, M extends MethodOf<P>> = z.input<P["requests"][M]>;
export type EventOf<P extends Protocol> = keyof P["events"] & string;

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
