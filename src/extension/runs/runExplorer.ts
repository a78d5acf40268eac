/** The view of runs in the activity bar. */
import * as vscode from "vscode";
import { isAtWork, type RunEntry } from "../../core/run/entry.ts";
import { NO_FILTER, type RunFilter } from "./runFilter.ts";
import { tooltipOf, treeItem } from "./runItem.ts";
import {
  buildTree,
  type ExperimentNode,
  outline,
  type RunNode,
  SORT_ORDERS,
  type SortOrder,
  type TreeNode,
  walk,
} from "./runTree.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

export const RUNS_VIEW = "maskdm.runs";
const MIME = "application/vnd.code.tree.maskdm.runs";
/** Changes that come together are shown together. */
const GATHER_MS = 150;
/** Progress is shown no more often: a row that is drawn anew loses the pointer's tooltip. */
const PROGRESS_MS = 2000;
const FILTER_KEY = "maskdm.runFilter";
const SORT_KEY = "maskdm.runSort";

/** What dropping runs asks for. */
export type DropHandler = (dirs: readonly string[], target: TreeNode | undefined) => Promise<void>;

export class RunExplorer
  implements vscode.TreeDataProvider<TreeNode>, vscode.TreeDragAndDropController<TreeNode>, vscode.Disposable
{
  readonly dragMimeTypes = [MIME];
  readonly dropMimeTypes = [MIME];
  readonly view: vscode.TreeView<TreeNode>;
  private readonly treeChanges = new vscode.EventEmitter<TreeNode | undefined>();
  readonly onDidChangeTreeData = this.treeChanges.event;
  private roots: readonly ExperimentNode[] = [];
  private shownOutline = "";
  private readonly byId = new Map<string, TreeNode>();
  private readonly parents = new Map<TreeNode, TreeNode | null>();
  private gathered = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private due = 0;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly runs: WorkspaceRuns,
    private readonly memory: vscode.Memento,
    private readonly drop: DropHandler,
  ) {
    this.view = vscode.window.createTreeView<TreeNode>(RUNS_VIEW, {
      treeDataProvider: this,
      dragAndDropController: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.disposables.push(
      this.view,
      this.treeChanges,
      runs.onDidChange(({ changed, removed }) => {
        const isProgress = removed.length === 0 && changed.every((entry) => this.isProgress(entry));
        this.gather([...changed.map(({ dir }) => dir), ...removed], isProgress ? PROGRESS_MS : GATHER_MS);
      }),
      runs.onDidChangeExperiments(() => this.gather([], GATHER_MS)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.rebuild()),
    );
    void runs.ready.then(() => {
      void vscode.commands.executeCommand("setContext", "maskdm.runsListed", true);
      this.rebuild();
    });
  }

  get filter(): RunFilter {
    return { ...NO_FILTER, ...this.memory.get<Partial<RunFilter>>(FILTER_KEY) };
  }

  get sort(): SortOrder {
    const kept = this.memory.get<string>(SORT_KEY);
    return SORT_ORDERS.find((order) => order === kept) ?? "newest";
  }

  async setFilter(filter: RunFilter): Promise<void> {
    await this.memory.update(FILTER_KEY, filter);
    this.rebuild();
  }

  async setSort(sort: SortOrder): Promise<void> {
    await this.memory.update(SORT_KEY, sort);
    this.rebuild();
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return treeItem(node);
  }

  resolveTreeItem(item: vscode.TreeItem, node: TreeNode): vscode.TreeItem {
    const tooltip = tooltipOf(node);
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  getChildren(node?: TreeNode): TreeNode[] {
    return [...(node === undefined ? this.roots : node.children)];
  }

  getParent(node: TreeNode): TreeNode | null {
    return this.parents.get(node) ?? null;
  }

  /** The node of a run, where it is shown. */
  nodeOf(dir: string): RunNode | null {
    const node = this.byId.get(`run:${dir}`);
    return node?.kind === "run" ? node : null;
  }

  /** Shows a run in the view, if the view is visible. */
  async reveal(dir: string): Promise<void> {
    this.rebuild();
    const node = this.nodeOf(dir);
    if (node !== null && this.view.visible) await this.view.reveal(node, { select: true });
  }

  handleDrag(nodes: readonly TreeNode[], data: vscode.DataTransfer): void {
    const dirs = nodes.flatMap((node) => (node.kind === "run" && node.entry.record !== null ? [node.entry.dir] : []));
    if (dirs.length > 0) data.set(MIME, new vscode.DataTransferItem(JSON.stringify(dirs)));
  }

  async handleDrop(target: TreeNode | undefined, data: vscode.DataTransfer): Promise<void> {
    const dropped = data.get(MIME);
    if (dropped === undefined) return;
    const dirs: unknown = JSON.parse(await dropped.asString());
    const known = Array.isArray(dirs) ? dirs.filter((dir) => typeof dir === "string" && this.runs.get(dir)) : [];
    if (known.length > 0) await this.drop(known, target);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** Whether a run goes on as before, a few steps further. */
  private isProgress(entry: RunEntry): boolean {
    const shown = this.nodeOf(entry.dir)?.entry;
    const said = ({ state, evaluation, label, tags, note, pinned, archived, group }: RunEntry) =>
      JSON.stringify([state, evaluation?.time, label, tags, note, pinned, archived, group]);
    return shown !== undefined && said(shown) === said(entry);
  }

  private gather(dirs: readonly string[], within: number): void {
    for (const dir of dirs) this.gathered.add(dir);
    const due = Date.now() + within;
    if (this.timer !== undefined && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => this.rebuild(), within);
  }

  /** Shows what has changed: items where only what they say did, else the whole tree. */
  private rebuild(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changed = this.gathered;
    this.gathered = new Set();
    const options = { filter: this.filter, sort: this.sort };
    const files = this.runs.experiments.map(({ fsPath }) => fsPath);
    const roots = buildTree(this.runs.runs, files, options);
    const lines = outline(roots);
    if (lines === this.shownOutline) {
      this.updateItems(changed);
    } else {
      this.shownOutline = lines;
      this.roots = roots;
      this.byId.clear();
      this.parents.clear();
      for (const [node, parent] of walk(roots)) {
        this.byId.set(node.id, node);
        this.parents.set(node, parent);
      }
      this.treeChanges.fire(undefined);
    }
    this.describeView();
  }

  private updateItems(dirs: ReadonlySet<string>): void {
    const touched = new Set<TreeNode>();
    for (const dir of dirs) {
      const node = this.nodeOf(dir);
      const entry = this.runs.get(dir);
      if (node === null || entry === undefined) continue;
      const wasAtWork = isAtWork(node.entry);
      node.entry = entry;
      touched.add(node);
      // The experiment's line counts runs at work.
      if (wasAtWork === isAtWork(entry)) continue;
      const top = this.topOf(node);
      if (top !== null) touched.add(top);
    }
    for (const node of touched) this.treeChanges.fire(node);
  }

  private topOf(node: TreeNode): TreeNode | null {
    let top: TreeNode = node;
    for (let at = this.getParent(node); at !== null; at = this.getParent(at)) top = at;
    return top === node ? null : top;
  }

  private describeView(): void {
    const { runs, experiments } = this.runs;
    const live = runs.filter(isAtWork).length;
    const queued = runs.filter(({ state }) => state === "queued").length;
    const tooltip = queued === 0 ? `${live} at work` : `${live} at work, ${queued} queued`;
    this.view.badge = live === 0 ? undefined : { value: live, tooltip };
    const { text, archived } = this.filter;
    const isFiltered = text !== "";
    const shown = [...this.byId.values()].some(({ kind }) => kind === "run");
    this.view.message = this.message(runs.length, shown);
    const context = (key: string, value: boolean) => void vscode.commands.executeCommand("setContext", key, value);
    context("maskdm.hasExperiments", experiments.length > 0);
    context("maskdm.hasRuns", runs.length > 0);
    context("maskdm.runsFiltered", isFiltered);
    context("maskdm.archivedShown", archived);
  }

  private message(count: number, shown: boolean): string {
    const { text } = this.filter;
    if (count === 0) return "";
    if (!vscode.workspace.isTrusted) {
      return "Restricted Mode: runs can be looked at, but not started or stopped.";
    }
    if (text !== "") return shown ? `Filter: ${text}` : `No run matches the filter: ${text}`;
    return shown ? "" : "All runs are archived.";
  }
}
