/** `maskdm mcp`: the tools for assistants, over stdin and stdout. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { reportError } from "./errors.ts";
import type { Io } from "./io.ts";
import { addExamples, DEFAULT_RUNS_DIR } from "./options.ts";

interface McpOptions {
  readonly root: string;
  readonly runsDir: string;
  readonly allowStart?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("mcp")
    .description(
      "Serve tools to an assistant (Model Context Protocol over stdin and stdout): lint, explain, describe, propose, start, control, status, compare. The assistant starts this command; see docs/assistant.md.",
    )
    .option("--root <dir>", "folder that it may look into, and at which relative paths start", ".")
    .option("--runs-dir <dir>", "folder that holds the runs, from there", DEFAULT_RUNS_DIR)
    .option(
      "--allow-start",
      "start and stop runs without asking, where the client asks its user before every call (default: ask through the client)",
    )
    .action(async (options: McpOptions) => serve(options, io));
  addExamples(command, [
    ["maskdm mcp --root ~/faces", "what an assistant's configuration starts"],
    ["maskdm mcp --root ~/faces --allow-start", "for a client that asks before each call, and cannot ask for a server"],
  ]);
}

async function serve({ root, runsDir, allowStart = false }: McpOptions, io: Io): Promise<void> {
  const [{ StdioServerTransport }, { serveTools }, { localToolHost }, { statSync }, { UserError }, { expandHome }] =
    await Promise.all([
      import("@modelcontextprotocol/sdk/server/stdio.js"),
      import("../assistant/mcpServer.ts"),
      import("../assistant/localToolHost.ts"),
      import("node:fs"),
      import("../../core/errors.ts"),
      import("../../node/homePath.ts"),
    ]);
  const folder = resolve(expandHome(root));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UserError(`${folder} is not a folder. Name an existing one with --root.`);
  const host = await localToolHost(folder, resolve(folder, expandHome(runsDir)), (why) => io.stderr(why));
  const transport = new StdioServerTransport();
  process.stdin.once("end", () => void transport.close());
  try {
    const places = runsDir === DEFAULT_RUNS_DIR ? [] : ["--runs-dir", runsDir];
    const commandText = (args: readonly string[]) => `${maskdmCommand(...args, ...places)} (in ${folder})`;
    await serveTools(host, transport, { allowStart, errorText: textOf, commandText });
  } finally {
    host.dispose();
  }
}

/** An error as the command line would print it. */
function textOf(error: unknown): string {
  const lines: string[] = [];
  const collect = (text: string): void => void lines.push(text);
  reportError(error, { stdout: collect, stderr: collect, json: () => {}, isTerminal: false }, false);
  return lines.join("\n").replace(/^error: /, "");
}
