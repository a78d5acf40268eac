import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerOptions {
  /** from installServer */
  readonly server: string;
  /** where the server keeps its data, and the user their settings */
  readonly dataFolder: string;
  /** where extensions are installed */
  readonly extensionsFolder: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** variables that reach the extension host */
  readonly env?: Readonly<Record<string, string>>;
  /** In a test run of the extension host; it hides notifications, so it is off where the user interface is looked at. */
  readonly smokeTest?: boolean;
}

export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Everything that it printed. */
  output(): string;
  /** Ends it and what it started, except for detached processes. */
  stop(): Promise<void>;
}

/** Nothing opens, asks, or reaches out by itself. */
const QUIET_SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.layoutControl.enabled": false,
  "telemetry.telemetryLevel": "off",
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "security.workspace.trust.enabled": false,
  "window.restoreWindows": "none",
  "update.mode": "none",
  "git.enabled": false,
  "npm.autoDetect": "off",
  "typescript.disableAutomaticTypeAcquisition": true,
  "remote.autoForwardPorts": false,
  "remote.downloadExtensionsLocally": false,
} as const;

const START_LIMIT_MS = 60_000;

/** They end a process without its "exit", unless somebody listens to them. */
const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Starts the VS Code server on a free port of this machine.
 * @throws Error with its output, where it does not come up
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const userFolder = join(options.dataFolder, "data/User");
  await mkdir(userFolder, { recursive: true });
  await mkdir(options.extensionsFolder, { recursive: true });
  const settings = { ...QUIET_SETTINGS, ...options.settings };
  await writeFile(join(userFolder, "settings.json"), JSON.stringify(settings, null, 2));

  let output = "";
  // What was measured of this machine is another's business.
  const ownData = { XDG_DATA_HOME: join(options.dataFolder, "of the user") };
  const child = spawn(
    process.execPath,
    [
      join(options.server, "out/server-main.js"),
      ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms"],
      ...["--server-data-dir", options.dataFolder, "--extensions-dir", options.extensionsFolder],
      ...["--telemetry-level", "off", "--disable-telemetry", "--disable-update-check"],
      ...["--disable-getting-started-override", "--disable-workspace-trust"].filter(
        (flag) => flag !== "--disable-workspace-trust" || settings["security.workspace.trust.enabled"] === false,
      ),
      ...(options.smokeTest ? ["--enable-smoke-test-driver"] : []),
    ],
    // A process group of its own, to be ended as one.
    { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...cleanEnvironment(), ...ownData, ...options.env } },
  );
  child.stdout?.setEncoding("utf8");
  child.stderr?.setEncoding("utf8");

  const endAtOnce = (): void => {
    if (child.pid !== undefined && child.exitCode === null) signalGroup(child.pid, "SIGKILL");
  };
  const exit = (): never => process.exit(1);
  // However this process ends, the server does not outlive it.
  process.once("exit", endAtOnce);
  for (const signal of ENDINGS) process.once(signal, exit);
  const stop = async (): Promise<void> => {
    await endGroup(child);
    process.off("exit", endAtOnce);
    for (const signal of ENDINGS) process.off(signal, exit);
  };
  try {
    const port = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("it was not ready in time")), START_LIMIT_MS);
      const read = (text: string): void => {
        output += text;
        const match = /Extension host agent listening on (\d+)/.exec(output);
        if (!match) return;
        clearTimeout(timer);
        resolve(Number(match[1]));
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`it ended with code ${code}`)));
    });
    return { port, pid: child.pid!, output: () => output, stop };
  } catch (error) {
    await stop();
    throw new Error(`the VS Code server did not start: ${error instanceof Error ? error.message : error}\n${output}`);
  }
}

/** An address of the workbench. `payload` is what a desktop VS Code takes as command-line arguments. */
export function workbenchAddress(
  server: Server,
  folder: string,
  payload: readonly (readonly [string, string])[] = [],
): string {
  const query = new URLSearchParams({ folder });
  if (payload.length > 0) query.set("payload", JSON.stringify(payload));
  return `http://127.0.0.1:${server.port}/?${query}`;
}

/** A path as the workbench in the browser names it. */
export function remoteUri(server: Server, path: string): string {
  return `vscode-remote://127.0.0.1:${server.port}${path}`;
}

/** Variables of an editor or of npm around this process are no business of the server's. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|npm_|NODE_OPTIONS$)/.test(name)),
  );
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!signalGroup(child.pid, signal)) return;
    for (let waited = 0; waited < 3000 && child.exitCode === null && child.signalCode === null; waited += 50) {
      await sleep(50);
    }
  }
}

/** @returns false where the group has ended */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
