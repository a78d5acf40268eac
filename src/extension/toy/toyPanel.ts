/** The panel of the 2-D picture: runs `maskdm toy` for its page and keeps what that says, since a hidden page is gone. */
import * as vscode from "vscode";
import { parseJson } from "../../core/parseJson.ts";
import { type ToyProtocol, toyRequests } from "../../core/protocol/toy.ts";
import { type ToyMessage, toyMessageSchema } from "../../core/toy/messages.ts";
import type { ToySettings } from "../../core/toy/settings.ts";
import { failureText } from "../../node/shortCommand.ts";
import type { Services } from "../services.ts";
import { requireTrust } from "../trainer/restrictedMode.ts";
import { panelIcon } from "../webview/panelIcon.ts";
import { WebviewHost } from "../webview/webviewHost.ts";

export class ToyPanel implements vscode.Disposable {
  private readonly host: WebviewHost<ToyProtocol>;
  private readonly subscriptions: vscode.Disposable[];
  private messages: ToyMessage[] = [];
  /** ends the process at work; null: there is none */
  private work: vscode.CancellationTokenSource | null = null;

  constructor(
    readonly panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    private readonly services: Pick<Services, "log" | "trainer">,
  ) {
    this.host = new WebviewHost(panel.webview, {
      extensionUri,
      view: "toy",
      title: panel.title,
      requests: toyRequests,
      handlers: {
        ready: () => ({
          messages: this.messages,
          atWork: this.work !== null,
          trusted: vscode.workspace.isTrusted,
        }),
        run: (settings) => {
          requireTrust();
          this.stop();
          void this.run(settings);
          return null;
        },
        stop: () => {
          this.stop();
          return null;
        },
        manageTrust: async () => {
          await vscode.commands.executeCommand("workbench.trust.manage");
          return null;
        },
      },
      log: services.log,
    });
    panel.iconPath = panelIcon(extensionUri);
    this.subscriptions = [
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.host.send("trusted", null)),
      panel.onDidDispose(() => this.dispose()),
    ];
  }

  dispose(): void {
    this.stop();
    this.host.dispose();
    for (const subscription of this.subscriptions.splice(0)) subscription.dispose();
  }

  private stop(): void {
    this.work?.cancel();
    this.work = null;
  }

  private async run({ set, steps, noise, seed }: ToySettings): Promise<void> {
    const work = new vscode.CancellationTokenSource();
    this.work = work;
    this.messages = [];
    const args = ["--data", set, "--steps", `${steps}`, "--noise", `${noise}`, "--seed", `${seed}`, "--json-lines"];
    const onStdout = (line: string): void => {
      const message = toyMessageSchema.safeParse(parseJson(line));
      // What a process that was stopped still had to say belongs to no picture.
      if (!message.success || work.token.isCancellationRequested) return;
      this.messages.push(message.data);
      this.host.send("message", message.data);
    };
    let error: string | null;
    try {
      const result = await this.services.trainer.command(["toy", ...args], { token: work.token, onStdout });
      error = result.code === 0 ? null : failureText(result, `maskdm toy ended with ${result.code}.`);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    const wasStopped = work.token.isCancellationRequested;
    work.dispose();
    // Another one may be at work by now, which the page follows.
    if (this.work === work) this.work = null;
    if (this.work === null) this.host.send("ended", { error: wasStopped ? null : error });
  }
}
