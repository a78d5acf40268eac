/** Commands and panels of the dashboard. What they need is loaded with the first panel. */
import * as vscode from "vscode";
import { DASHBOARD_TABS, type DashboardTab } from "../../core/protocol/dashboardTabs.ts";
import { newestFirst } from "../../core/run/entry.ts";
import type { Commands } from "../commands/commandTable.ts";
import type { Services } from "../services.ts";
import type { DashboardPanel, PanelPlace } from "./dashboardPanel.ts";

const DASHBOARD_VIEW = "maskdm.dashboard";

/** What the feature offers to tests inside the extension host. */
export interface Dashboard {
  readonly panels: readonly DashboardPanel[];
}

/** @returns its commands, too */
export function registerDashboard(context: vscode.ExtensionContext, services: Services) {
  const panels = new Set<DashboardPanel>();
  const loaded = lazily(async () => {
    const { DashboardPanel } = await import("./dashboardPanel.ts");
    const { RunSeriesStore } = await import("./runSeries.ts");
    const shared = { extensionUri: context.extensionUri, services, series: new RunSeriesStore(services.runs) };
    return (webviewPanel: vscode.WebviewPanel, runs: readonly PanelPlace[]): DashboardPanel => {
      const panel = new DashboardPanel(webviewPanel, shared, runs);
      panels.add(panel);
      webviewPanel.onDidDispose(() => panels.delete(panel));
      return panel;
    };
  });

  const open = async (dirs: readonly string[], newPanel: boolean): Promise<DashboardPanel> => {
    const { requireFew, requireRun } = await import("./allowedRuns.ts");
    for (const dir of dirs) await requireRun(dir, services.runs);
    const shown = [...panels].find(({ panel }) => panel.active) ?? [...panels].find(({ panel }) => panel.visible);
    const exact = [...panels].find((panel) => dirs.every((dir) => panel.dirs.includes(dir)));
    const existing = exact ?? (newPanel ? undefined : (shown ?? [...panels][0]));
    if (existing !== undefined) {
      await existing.add(dirs);
      existing.panel.reveal();
      return existing;
    }
    requireFew(dirs.length);
    const make = await loaded();
    const title = "MaskDM Runs";
    const webviewPanel = vscode.window.createWebviewPanel(DASHBOARD_VIEW, title, vscode.ViewColumn.Active, {
      enableFindWidget: true,
    });
    return make(
      webviewPanel,
      dirs.map((dir) => ({ dir })),
    );
  };

  context.subscriptions.push(
    {
      dispose: () => {
        for (const panel of panels) panel.dispose();
      },
    },
    vscode.window.registerWebviewPanelSerializer(DASHBOARD_VIEW, {
      async deserializeWebviewPanel(webviewPanel, state: unknown) {
        const { savedRunsSchema } = await import("../../core/protocol/dashboard.ts");
        const { requireRun } = await import("./allowedRuns.ts");
        const saved = savedRunsSchema.safeParse(state);
        await services.runs.ready;
        const runs: PanelPlace[] = [];
        for (const run of saved.success ? saved.data.runs : []) {
          // A run that was deleted meanwhile is left out.
          await requireRun(run.dir, services.runs).then(
            () => runs.push(run),
            (error: unknown) => services.log.info(error instanceof Error ? error.message : String(error)),
          );
        }
        (await loaded())(webviewPanel, runs);
      },
    }),
  );
  const commands = {
    "maskdm.openDashboard": async (...args) => {
      await services.runs.ready;
      const asked = runDirs(args);
      const newest = newestFirst(services.runs.runs.filter((run) => !run.archived))[0];
      if (asked.length === 0 && newest === undefined) {
        void vscode.window.showInformationMessage(
          "There are no runs in this workspace yet. Start one from an experiment file.",
        );
        return;
      }
      const panel = await open(asked.length > 0 ? asked : [newest!.dir], false);
      const tab = askedTab(args);
      if (tab !== null) panel.openTab(tab);
    },
    "maskdm.compareRuns": async (...args) => {
      await services.runs.ready;
      const { pickRuns } = await import("./pickRuns.ts");
      const asked = runDirs(args);
      const title = "Compare Runs";
      const dirs = asked.length >= 2 ? asked : await pickRuns(services.runs.runs, title, new Set(asked));
      if (dirs !== null) await open(dirs, true);
    },
  } satisfies Partial<Commands>;
  const feature: Dashboard = {
    get panels() {
      return [...panels];
    },
  };
  return { feature, commands };
}

/** Folders among a command's arguments: paths, things with `dir`, or lists of either (a tree passes the item and the selection). */
function runDirs(args: readonly unknown[]): string[] {
  return [
    ...new Set(
      args
        .flat(1)
        .map(dirOf)
        .filter((dir) => dir !== ""),
    ),
  ];
}

/** By hand: the schema library would be loaded with the extension. */
function dirOf(argument: unknown): string {
  const dir: unknown = typeof argument === "object" && argument !== null && "dir" in argument ? argument.dir : argument;
  return typeof dir === "string" ? dir : "";
}

/** The tab that the extension's own code asks for. */
function askedTab(args: readonly unknown[]): DashboardTab | null {
  const at = args.find((arg): arg is { tab: unknown } => typeof arg === "object" && arg !== null && "tab" in arg);
  return DASHBOARD_TABS.find((tab) => tab === at?.tab) ?? null;
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
