/** The extension's end of a webview: its page under a strict content policy, and a dispatcher of validated messages. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type * as z from "zod";
import { UserError } from "../../core/errors.ts";
import {
  type EventOf,
  type MessageToWebview,
  type MethodOf,
  type Protocol,
  type RequestMessage,
  requestSchema,
} from "../../core/protocol/message.ts";

/** For each method of a view, what answers it; gets parsed parameters. A UserError's message is shown to the user. */
export type Handlers<P extends Protocol> = {
  readonly [M in MethodOf<P>]: (params: z.output<P["requests"][M]>) => P["results"][M] | Promise<P["results"][M]>;
};

export interface WebviewHostOptions<P extends Protocol> {
  readonly extensionUri: vscode.Uri;
  /** name of the view: dist/webview/<view>.js and .css are its program and style; `data-view` on the page's body */
  readonly view: string;
  readonly title: string;
  readonly requests: P["requests"];
  readonly handlers: Handlers<P>;
  readonly log: vscode.LogOutputChannel;
  /** folders besides dist/webview and media that the page may load pictures from */
  readonly roots?: readonly vscode.Uri[];
}

/** Sets up a webview. Disposing it stops answering; the panel is its owner's to dispose. */
export class WebviewHost<P extends Protocol> implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly webview: vscode.Webview,
    private readonly options: WebviewHostOptions<P>,
  ) {
    const { extensionUri, roots } = options;
    webview.options = {
      enableScripts: true,
      localResourceRoots: [
        vscode.Uri.joinPath(extensionUri, "dist", "webview"),
        vscode.Uri.joinPath(extensionUri, "media"),
        ...(roots ?? []),
      ],
    };
    // Listening starts before the page does.
    this.subscription = webview.onDidReceiveMessage((message: unknown) => this.receive(message));
    webview.html = this.page();
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** Tells the page something unasked. */
  send<E extends EventOf<P>>(event: E, data: P["events"][E]): void {
    void this.post({ kind: "event", event, data });
  }

  private post(message: MessageToWebview): Thenable<boolean> {
    return this.webview.postMessage(message);
  }

  private async receive(message: unknown): Promise<void> {
    const { log, view } = this.options;
    const request = requestSchema.safeParse(message);
    if (!request.success) {
      log.warn(`${view}: a message that is no request was ignored`);
      return;
    }
    const { id } = request.data;
    try {
      const result = await this.answer(request.data);
      await this.post({ kind: "reply", id, ok: true, result });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (!(error instanceof UserError)) log.error(`${view}: ${request.data.method}: ${text}`);
      await this.post({ kind: "reply", id, ok: false, error: text });
    }
  }

  private async answer({ method, params }: RequestMessage): Promise<unknown> {
    const { requests, handlers, view } = this.options;
    const schema = Object.hasOwn(requests, method) ? requests[method] : undefined;
    if (schema === undefined) throw new UserError(`${view} has no method ${JSON.stringify(method)}.`);
    const parsed = schema.safeParse(params);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
      throw new UserError(`${method}: wrong parameters${where}: ${issue?.message ?? "not understood"}.`);
    }
    return handlers[method as MethodOf<P>](parsed.data as z.output<P["requests"][MethodOf<P>]>);
  }

  private page(): string {
    const { extensionUri, view, title } = this.options;
    const file = (name: string) =>
      this.webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, "dist", "webview", name)).toString();
    const nonce = randomBytes(18).toString("base64url");
    const source = this.webview.cspSource;
    // Style attributes are written by Chart.js (canvas size) and the toolkit's adopted style sheets; scripts need the nonce.
    const policy = [
      "default-src 'none'",
      `img-src ${source} blob: data:`,
      `font-src ${source}`,
      `style-src ${source} 'unsafe-inline'`,
      `script-src 'nonce-${nonce}'`,
    ].join("; ");
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${file(`${view}.css`)}">
</head>
<body data-view="${view}">
<script nonce="${nonce}" type="module" src="${file(`${view}.js`)}"></script>
</body>
</html>`;
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
