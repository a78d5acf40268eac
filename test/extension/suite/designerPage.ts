/** A designer whose page is this test: its messages are sent and received here, all else is the editor's own. */
import * as vscode from "vscode";
import type { DesignerProtocol } from "../../../src/core/protocol/designer.ts";
import type { EventOf, MessageToWebview, MethodOf, Params } from "../../../src/core/protocol/message.ts";
import { DesignerSession } from "../../../src/extension/designer/designerSession.ts";
import { api } from "./experimentEditor.ts";

export type Reply = Extract<MessageToWebview, { kind: "reply" }>;

export class DesignerPage implements vscode.Disposable {
  readonly events: { readonly event: string; readonly data: unknown }[] = [];
  private readonly replies = new Map<number, (reply: Reply) => void>();
  private nextId = 0;

  private constructor(
    readonly session: DesignerSession,
    private readonly messages: vscode.EventEmitter<unknown>,
    private readonly panel: vscode.WebviewPanel,
  ) {}

  static async open(document: vscode.TextDocument): Promise<DesignerPage> {
    const { services } = await api();
    const extension = vscode.extensions.getExtension("maskdm-studio.maskdm-studio")!;
    const panel = vscode.window.createWebviewPanel("test.designer", "Designer", vscode.ViewColumn.Beside);
    const messages = new vscode.EventEmitter<unknown>();
    let page: DesignerPage | null = null;
    // The panel is a real one, with the two ends of its message channel in this test's hands.
    const webview = redirected(panel.webview, {
      onDidReceiveMessage: messages.event,
      postMessage: (message: MessageToWebview) => {
        page?.receive(message);
        return Promise.resolve(true);
      },
    });
    const session = new DesignerSession(extension.extensionUri, document, redirected(panel, { webview }), services);
    page = new DesignerPage(session, messages, panel);
    return page;
  }

  /** Sends a request as a page would. */
  request(method: string, params: unknown): Promise<Reply> {
    const id = this.nextId++;
    return new Promise((resolve) => {
      this.replies.set(id, resolve);
      this.messages.fire({ kind: "request", id, method, params });
    });
  }

  /** The result of a request that is expected to be granted. */
  async result<M extends MethodOf<DesignerProtocol>>(
    method: M,
    params: Params<DesignerProtocol, M>,
  ): Promise<DesignerProtocol["results"][M]> {
    const reply = await this.request(method, params);
    if (!reply.ok) throw new Error(reply.error);
    return reply.result as DesignerProtocol["results"][M];
  }

  /** Sends what is no request. */
  send(message: unknown): void {
    this.messages.fire(message);
  }

  /** Data of the events of a name, in their order. */
  dataOf<E extends EventOf<DesignerProtocol>>(event: E): DesignerProtocol["events"][E][] {
    return this.events.filter((each) => each.event === event).map(({ data }) => data as DesignerProtocol["events"][E]);
  }

  dispose(): void {
    this.session.dispose();
    this.panel.dispose();
    this.messages.dispose();
  }

  private receive(message: MessageToWebview): void {
    if (message.kind === "event") this.events.push(message);
    else this.replies.get(message.id)?.(message);
  }
}

export function redirected<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(from, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof T];
      const value: unknown = Reflect.get(from, name);
      return typeof value === "function" ? value.bind(from) : value;
    },
    set: (from, name, value) => Reflect.set(from, name, value),
  });
}
