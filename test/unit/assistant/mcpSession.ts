/** Real sessions with `maskdm mcp`, by the client of the protocol's own library. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { CallToolResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { build } from "esbuild";
import { trainerBuild, workerEntry } from "../../../scripts/trainerBuild.mjs";

const REPOSITORY = join(import.meta.dirname, "../../..");

/** The trainer as it is shipped, inside the repository, so that packages which are not bundled are found. */
export async function buildTrainer(): Promise<{ readonly program: string; readonly remove: () => void }> {
  const cache = join(REPOSITORY, "node_modules", ".cache", "maskdm-test");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "mcp-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await build({
    ...trainerBuild,
    absWorkingDir: REPOSITORY,
    entryPoints: { maskdm: "src/trainer/main.ts", ...workerEntry },
    outdir: folder,
  });
  return {
    program: join(folder, "maskdm.js"),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export interface SessionOptions {
  readonly program: string;
  readonly root: string;
  readonly args?: readonly string[];
  /** what the user answers, given the question; missing: the client cannot ask */
  readonly answer?: (question: string) => "accept" | "decline" | "cancel";
}

export async function openSession({ program, root, args = [], answer }: SessionOptions) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, "mcp", "--root", root, ...args],
    // What was measured of this machine is another's business.
    env: { ...(process.env as Record<string, string>), XDG_DATA_HOME: join(root, ".data") },
    stderr: "pipe",
  });
  let stderr = "";
  transport.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { capabilities: answer === undefined ? {} : { elicitation: { form: {} } } },
  );
  const asked: string[] = [];
  if (answer !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      const action = answer(params.message);
      return action === "accept" ? { action, content: {} } : { action };
    });
  }
  await client.connect(transport);
  return {
    client,
    /** the questions so far */
    asked,
    stderr: () => stderr,
    async call(name: string, input: Record<string, unknown>) {
      const result = CallToolResultSchema.parse(
        await client.callTool({ name, arguments: input }, CallToolResultSchema, { timeout: 240_000 }),
      );
      const text = result.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
      return { ...result, text, data: (result.structuredContent ?? {}) as Record<string, unknown> };
    },
    close: () => client.close(),
  };
}

/** Everything below a folder but the hidden cache of decoded images: path, and a digest of what it says. */
export function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith(".maskdm"),
  );
  return Object.fromEntries(
    names.sort().map((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return [name, "folder"];
      return [name, createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}
