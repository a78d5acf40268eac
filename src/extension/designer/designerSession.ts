/** One designer that is open: answers its page and tells it of changes. */
import { basename } from "node:path";
import * as vscode from "vscode";
import { type DesignerProtocol, designerRequests } from "../../core/protocol/designer.ts";
import type { EventOf } from "../../core/protocol/message.ts";
import { executeCommand } from "../commands/commandTable.ts";
import { editKeysOf, fixFinding } from "../documents/documentEdits.ts";
import { revealInText } from "../documents/revealInText.ts";
import { showAsText } from "../documents/showAsText.ts";
import type { ReadDocument, Services } from "../services.ts";
import { type Handlers, WebviewHost } from "../webview/webviewHost.ts";
import { DataSource } from "./dataSource.ts";
import { DESIGNER_VIEW_TYPE } from "./viewType.ts";

export class DesignerSession implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = [];
  private readonly host: WebviewHost<DesignerProtocol>;
  private readonly data: DataSource;
  /** those asked for, to their end */
  private edits: Promise<void> = Promise.resolve();
  private measuring = false;
  private sentFacts = "";
  /** a batch that is to be shown when the page is there */
  private wanted: number | null = null;
  private isReady = false;

  constructor(
    extensionUri: vscode.Uri,
    private readonly document: vscode.TextDocument,
    private readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
  ) {
    const { log, trainer, documents, calibration } = services;
    this.data = new DataSource(
      document.uri,
      () => trainer.program,
      log,
      (state) => this.send("data", state),
    );
    this.host = new WebviewHost(panel.webview, {
      extensionUri,
      view: "designer",
      title: `Mask designer of ${this.fileName}`,
      requests: designerRequests,
      handlers: this.handlers(),
      log,
    });
    this.disposables.push(
      this.host,
      this.data,
      vscode.workspace.onDidChangeTextDocument((change) => {
        if (change.document === document && change.contentChanges.length > 0) this.textChanged();
      }),
      documents.onDidChange((uri) => {
        if (uri.toString() === document.uri.toString()) void this.follow();
      }),
      calibration.onDidChange(() => this.send("speed", this.speed())),
    );
    void this.follow();
  }

  get uri(): vscode.Uri {
    return this.document.uri;
  }

  /** Shows the batch of a step, now or as soon as the page is there. */
  show(step: number): void {
    if (this.isReady) this.send("show", { step });
    else this.wanted = step;
    this.panel.reveal();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private get fileName(): string {
    return basename(this.document.uri.path);
  }

  private send<E extends EventOf<DesignerProtocol>>(event: E, data: DesignerProtocol["events"][E]): void {
    if (this.isReady) this.host.send(event, data);
  }

  private textChanged(): void {
    this.send("document", { text: this.document.getText(), version: this.document.version });
  }

  /** What is known of the machine and the images, and which images the document names. */
  private async follow(): Promise<ReadDocument> {
    const read = await this.services.documents.get(this.document);
    const facts = JSON.stringify(read.facts);
    if (facts !== this.sentFacts) {
      this.sentFacts = facts;
      this.send("facts", read.facts);
    }
    const { experiment, refused } = read;
    if (experiment !== null && ![...refused].some((path) => path.startsWith("data."))) {
      await this.data.follow(experiment.data, JSON.stringify(read.facts.dataset ?? ""));
    }
    return read;
  }

  private speed() {
    const { calibration } = this.services;
    return { machine: calibration.machine, measurements: calibration.measurements, measuring: this.measuring };
  }

  private handlers(): Handlers<DesignerProtocol> {
    const { document } = this;
    return {
      ready: async () => {
        const { facts } = await this.follow();
        await this.services.calibration.ready;
        this.isReady = true;
        const show = this.wanted;
        this.wanted = null;
        return {
          fileName: this.fileName,
          document: { text: document.getText(), version: document.version },
          facts,
          data: this.data.state,
          speed: this.speed(),
          show,
        };
      },
      edit: async ({ changes }) => {
        // One after the other: each is worked out on the text that the one before left.
        const edit = this.edits.then(() => editKeysOf(document, changes));
        this.edits = edit.catch(() => {});
        await edit;
        return null;
      },
      fix: async (finding) => {
        await fixFinding(document, await this.services.documents.get(document), finding);
        return null;
      },
      reveal: async (place) => {
        await revealInText(document, place);
        return null;
      },
      openText: async () => {
        await showAsText(document.uri, DESIGNER_VIEW_TYPE, this.panel.viewColumn);
        return null;
      },
      read: ({ key, indices }) => this.data.read(key, indices),
      measure: () => this.measure(),
      run: async ({ stage }) => {
        await executeCommand(`maskdm.${stage}`, document.uri);
        return null;
      },
      ablation: async () => {
        await executeCommand("maskdm.newAblation", document.uri);
        return null;
      },
      manageTrust: async () => {
        await vscode.commands.executeCommand("workbench.trust.manage");
        return null;
      },
    };
  }

  private async measure(): Promise<null> {
    if (this.measuring) return null;
    this.measuring = true;
    this.send("speed", this.speed());
    try {
      await executeCommand("maskdm.calibrate", this.document.uri);
    } finally {
      this.measuring = false;
      this.send("speed", this.speed());
    }
    return null;
  }
}
