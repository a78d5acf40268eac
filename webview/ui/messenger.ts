/** A page's end of the conversation with the extension: requests with answers, and events. */
import type { EventOf, MessageToWebview, MethodOf, Params, Protocol } from "../../src/core/protocol/message.ts";

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

export class Messenger<P extends Protocol> {
  private nextId = 0;
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private readonly listeners = new Map<string, ((data: never) => void)[]>();

  constructor() {
    window.addEventListener("message", ({ data }: MessageEvent<MessageToWebview>) => this.receive(data));
  }

  /** @throws Error with one line for people if the extension refuses or fails */
  request<M extends MethodOf<P>>(method: M, params: Params<P, M>): Promise<P["results"][M]> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (value) => resolve(value as P["results"][M]), reject });
      api.postMessage({ kind: "request", id, method, params });
    });
  }

  on<E extends EventOf<P>>(event: E, listener: (data: P["events"][E]) => void): void {
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
