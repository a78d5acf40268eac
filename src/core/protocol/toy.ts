/** What the view of the 2-D picture and the extension say to each other. */
import * as z from "zod";
import type { ToyMessage } from "../toy/messages.ts";
import { toySettingsSchema } from "../toy/settings.ts";
import type { Protocol } from "./message.ts";

const nothing = z.strictObject({});

export const toyRequests = {
  /** The page listens. */
  ready: nothing,
  /** Trains anew, in place of what is at work. */
  run: toySettingsSchema,
  stop: nothing,
  /** Opens the editor's page about trust. */
  manageTrust: nothing,
} as const;

type Results = {
  ready: {
    /** what was run last says so far; a page that was hidden is made anew */
    readonly messages: readonly ToyMessage[];
    readonly atWork: boolean;
    readonly trusted: boolean;
  };
  run: null;
  stop: null;
  manageTrust: null;
};

type Events = {
  /** a start, with which everything begins anew, or a frame */
  message: ToyMessage;
  /** nothing is at work any more; an error is what a person is told, null where it came to its end or was stopped */
  ended: { readonly error: string | null };
  trusted: null;
};

export interface ToyProtocol extends Protocol {
  readonly requests: typeof toyRequests;
  readonly results: Results;
  readonly events: Events;
}
