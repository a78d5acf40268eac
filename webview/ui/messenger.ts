/** A page's end of the conversation with the extension: requests with answers, and events. */
import type { MessageToWebview, Params, RequestSchemas } from "../../src/core/protocol/message.ts";

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const api = acquireVsCodeApi();

/** What the page remembered the last time, for the view to validate; undefined: nothing. */
export const loadState = (): unknown => api.getState();
/** Remembers what the page needs to look the same after it was hidden or the window reloaded. */
export const saveState = (state: unknown): void => api.setState(state);

/** Typed by a view's request schemas, the results of its methods and its events. */
export class Messenger<
  R extends RequestSchemas,
  Results extends Record<keyof R, unknown>,
  Events extends Record<string, unknown>,
> {
  private nextId = 0;
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private readonly listeners = new Map<keyof Events, ((data: never) => void)[]>();

  constructor() {
    window.addEventListener("message", ({ data }: MessageEvent<MessageToWebview>) => this.receive(data));
  }

  /** @throws Error with one line for people if the extension refuses or fails */
  request<M extends keyof R & string>(method: M, params: Params<R, M>): Promise<Results[M]> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (value) => resolve(value as Results[M]), reject });
      api.postMessage({ kind: "request", id, method, params });
    });
  }

  on<E extends keyof Events>(event: E, listener: (data: Events[E]) => void): void {
    const list = this.listeners.get(event) ?? [];
    list.push(listener as (data: never) => void);
    this.listeners.set(event, list);
  }

  private receive(message: MessageToWebview): void {
    if (message.kind === "event") {
      for (const listener of this.listeners.get(message.event) ?? []) listener(message.data as never);
      return;
    }
    if (message.kind !== "reply") return;
    const asked = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.ok) asked?.resolve(message.result);
    else asked?.reject(new Error(message.error));
  }
}
