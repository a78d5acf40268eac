/** The images that a designer shows: opened by a trainer process as the document names them, and followed as it changes. */
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { DataConfig } from "../../core/experiment/schema.ts";
import type { DataState } from "../../core/protocol/designer.ts";
import type { DataServerClient, ImagesRead } from "../../node/dataServer/client.ts";
import type { Program } from "../../node/run/detached.ts";

type Modules = Awaited<ReturnType<typeof loadModules>>;

/** A folder's name is not complete while it is typed. */
const TYPING_MS = 300;

export class DataSource implements vscode.Disposable {
  private current: DataState;
  private config: DataConfig | null = null;
  /** what the folder was last known to hold; images that come or go are noticed by it */
  private folderStamp = "";
  /** where relative paths start: for the copy in a run's folder at the experiment that the run belongs to */
  private folder = "";
  private client: DataServerClient | null = null;
  private modules: Modules | null = null;
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;
  private readonly trust: vscode.Disposable;

  /** @param changed told of every new state */
  constructor(
    private readonly uri: vscode.Uri,
    private readonly program: () => Program,
    private readonly log: vscode.LogOutputChannel,
    private readonly changed: (state: DataState) => void,
  ) {
    this.current = this.uri.scheme === "file" ? { kind: "opening", key: "" } : { kind: "homeless" };
    if (!vscode.workspace.isTrusted && this.current.kind === "opening") this.current = { kind: "untrusted" };
    this.trust = vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (this.config !== null) void this.open(this.config);
    });
  }

  get state(): DataState {
    return this.current;
  }

  /**
   * Follows the document.
   * @param folderStamp changes where the folder of images did
   */
  async follow(config: DataConfig, folderStamp: string): Promise<void> {
    this.modules ??= await loadModules();
    const { dataKey } = this.modules;
    const isFirst = this.config === null;
    const isSame = !isFirst && dataKey(this.config!) === dataKey(config);
    const stampBefore = this.folderStamp;
    this.folderStamp = folderStamp;
    this.config = config;
    // What a folder holds becomes known a moment after the document: that is no change.
    if (isSame && (stampBefore === folderStamp || stampBefore === "")) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.open(config), isFirst ? 0 : TYPING_MS);
  }

  /** @throws UserError where the page asks for images of another data set than the one that is open */
  async read(key: string, indices: readonly number[]): Promise<ImagesRead> {
    const { client, config, modules } = this;
    if (client === null || config === null || modules === null || this.current.kind !== "ready") throw notOpen();
    if (this.current.key !== key || modules.dataKey(config) !== key) throw notOpen();
    return client.read(config, this.folder, indices);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.trust.dispose();
    this.client?.dispose();
  }

  private async open(config: DataConfig): Promise<void> {
    if (this.disposed || this.modules === null || this.uri.scheme !== "file" || !vscode.workspace.isTrusted) return;
    const { DataServerClient, SupersededError, UserError, dataKey, experimentBehind } = this.modules;
    const key = dataKey(config);
    this.client ??= new DataServerClient(this.program, (line) => this.log.info(line));
    if (this.current.kind !== "ready" || this.current.key !== key) this.set({ kind: "opening", key });
    try {
      this.folder = dirname(await experimentBehind(this.uri.fsPath));
      if (this.disposed) return;
      const { count, broken, notes, classes } = await this.client.open(config, this.folder, (done, total) =>
        this.set({ kind: "decoding", key, done, total }),
      );
      const { image_size: imageSize, channels } = config;
      this.set({ kind: "ready", key, count, broken, notes, classes, imageSize, channels });
    } catch (error) {
      if (error instanceof SupersededError || this.disposed) return;
      const text = error instanceof Error ? error.message : String(error);
      if (!(error instanceof UserError)) this.log.error(`data server: ${text}`);
      this.set({ kind: "failed", key, error: text });
    }
  }

  private set(state: DataState): void {
    this.current = state;
    if (!this.disposed) this.changed(state);
  }
}

function notOpen(): Error {
  return new Error("These images are not open any more.");
}

async function loadModules() {
  const [{ DataServerClient, SupersededError }, { UserError }, { dataKey }, { experimentBehind }] = await Promise.all([
    import("../../node/dataServer/client.ts"),
    import("../../core/errors.ts"),
    import("../../core/protocol/designer.ts"),
    import("../../node/run/experimentOfRun.ts"),
  ]);
  return { DataServerClient, SupersededError, UserError, dataKey, experimentBehind };
}
