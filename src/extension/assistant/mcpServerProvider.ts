/** `maskdm mcp` of each workspace folder, offered to the editor where it takes such servers (VS Code 1.101 and later). */
import * as vscode from "vscode";
import { runsFolderFor } from "../runs/runFolders.ts";
import type { Services } from "../services.ts";
import { affects, setting } from "../settings.ts";

/** What a server is started with. */
const SETTINGS_OF_SERVER = ["mcpServer", "runsFolder", "python"] as const;

/** The part of the newer API that is used. */
interface ServerDefinitions {
  readonly McpStdioServerDefinition?: new (
    label: string,
    command: string,
    args: string[],
    env: Record<string, string>,
    version: string,
  ) => object;
  readonly lm?: {
    registerMcpServerDefinitionProvider?(
      id: string,
      provider: {
        readonly onDidChangeMcpServerDefinitions: vscode.Event<void>;
        provideMcpServerDefinitions(): object[];
      },
    ): vscode.Disposable;
  };
}

/** 1.100 has an API of these names too, which is not yet it: it throws for what 1.101 documents. */
const FIRST_VERSION = [1, 101] as const;

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > FIRST_VERSION[0] || (major === FIRST_VERSION[0] && minor >= FIRST_VERSION[1]);
}

export function registerMcpServer(context: vscode.ExtensionContext, { trainer }: Pick<Services, "trainer">): void {
  const { McpStdioServerDefinition: Definition, lm } = vscode as unknown as ServerDefinitions;
  if (!isNewEnough(vscode.version)) return;
  if (Definition === undefined || lm?.registerMcpServerDefinitionProvider === undefined) return;
  const changes = new vscode.EventEmitter<void>();
  const { version } = context.extension.packageJSON as { readonly version: string };
  const definitionOf = ({ uri, name }: vscode.WorkspaceFolder, several: boolean): object[] => {
    // Language models have the same tools without a server: two of each would confuse them.
    if (uri.scheme !== "file" || !setting("mcpServer", uri)) return [];
    const { command, args, env } = trainer.program;
    const own = ["mcp", "--root", uri.fsPath, "--runs-dir", runsFolderFor(uri)];
    return [new Definition(several ? `MaskDM (${name})` : "MaskDM", command, [...args, ...own], { ...env }, version)];
  };
  context.subscriptions.push(
    changes,
    vscode.workspace.onDidChangeWorkspaceFolders(() => changes.fire()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => changes.fire()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (SETTINGS_OF_SERVER.some((name) => affects(event, name))) changes.fire();
    }),
    lm.registerMcpServerDefinitionProvider("maskdm.mcp", {
      onDidChangeMcpServerDefinitions: changes.event,
      provideMcpServerDefinitions() {
        const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
        return folders.flatMap((folder) => definitionOf(folder, folders.length > 1));
      },
    }),
  );
}
