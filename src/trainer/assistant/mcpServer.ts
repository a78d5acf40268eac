/** The tools as a server of the Model Context Protocol, https://modelcontextprotocol.io */
import { pathToFileURL } from "node:url";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type Tool as ProtocolTool,
} from "@modelcontextprotocol/sdk/types.js";
import packageJson from "../../../package.json" with { type: "json" };
import type { Caller, Question, Tool, ToolResult } from "../../core/assistant/tool.ts";
import type { ToolHost } from "../../core/assistant/toolHost.ts";
import { inputSchema, outputSchema } from "../../core/assistant/toolSchemas.ts";
import { ALL_TOOLS } from "../../core/assistant/tools.ts";

/** A user may be away; a client that does not answer at all holds up nothing but its own call. */
const ANSWER_MS = 3_600_000;

const INSTRUCTIONS = `MaskDM trains masked diffusion models from experiment files (*.maskdm.yaml). A good order: describe_design and lint before anything is trained; propose_change for patches, which you apply; start_run, then run_status with wait_seconds; compare_runs. Nothing is started, stopped or resumed unless the user agrees.`;

export interface ServeOptions {
  /** whether runs are started and stopped without asking, as the client asks its user for every call */
  readonly allowStart: boolean;
  /** an error as the user should see it */
  readonly errorText: (error: unknown) => string;
  /** how a user gives a command with these arguments */
  readonly commandText: (args: readonly string[]) => string;
}

/** Serves the tools. @returns when the client has gone */
export async function serveTools(host: ToolHost, transport: Transport, options: ServeOptions): Promise<void> {
  const server = new Server(
    { name: "maskdm", title: packageJson.displayName, version: packageJson.version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: ALL_TOOLS.map(described) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, _meta, sendNotification }) => {
    const tool = ALL_TOOLS.find(({ name }) => name === params.name);
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `there is no tool ${params.name}`);
    const progressToken = _meta?.progressToken;
    const caller: Caller = {
      signal,
      progress(progress, total, message) {
        if (progressToken === undefined) return;
        // Who does not take it any more does not want the result either.
        void sendNotification({
          method: "notifications/progress",
          params: { progressToken, progress, message, ...(total > 0 ? { total } : {}) },
        }).catch(() => {});
      },
    };
    try {
      const { question, act } = await tool.prepare(params.arguments, host);
      const refusal = question === null || options.allowStart ? null : await ask(server, question, signal, options);
      return refusal === null ? resultOf(await act(caller)) : refused(refusal);
    } catch (error) {
      return refused(options.errorText(error));
    }
  });
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
  });
  await server.connect(transport);
  await closed;
}

function described(tool: Tool): ProtocolTool {
  const { name, title, description, acts } = tool;
  return {
    ...{ name, title, description },
    inputSchema: inputSchema(tool),
    outputSchema: outputSchema(tool),
    annotations: { readOnlyHint: !acts, destructiveHint: acts, openWorldHint: false },
  };
}

/**
 * Asks the user, through the client. A token that the model sends back would be the model's consent.
 * @returns null: the user agrees; else why nothing was done
 */
async function ask(
  server: Server,
  { title, message, command }: Question,
  signal: AbortSignal,
  { commandText }: ServeOptions,
): Promise<string | null> {
  if (server.getClientCapabilities()?.elicitation?.form === undefined) {
    return (
      `Nothing was changed: this client cannot ask its user, and the server was started without --allow-start.\n${title} ${message}\n` +
      `The user can do it themselves: ${commandText(command)}\n` +
      "Or they add --allow-start to the server's arguments; then what the client asks before a call is all that is asked."
    );
  }
  const form = { message: `${title}\n${message}`, requestedSchema: { type: "object" as const, properties: {} } };
  const answer = await server.elicitInput(form, { signal, timeout: ANSWER_MS }).catch((error: unknown) => {
    if (error instanceof McpError) return error;
    throw error;
  });
  if (answer instanceof McpError) return `Nothing was changed: the client did not ask its user (${answer.message}).`;
  const { action } = answer;
  return action === "accept"
    ? null
    : `Nothing was changed: the user ${action === "decline" ? "declined" : "did not answer"}.`;
}

function resultOf({ text, data, pictures = [], links = [] }: ToolResult): CallToolResult {
  return {
    content: [
      { type: "text", text },
      ...pictures.map((png) => ({
        type: "image" as const,
        data: Buffer.from(png).toString("base64"),
        mimeType: "image/png",
      })),
      ...links.map(({ path, mimeType, description }) => ({
        type: "resource_link" as const,
        uri: pathToFileURL(path).href,
        name: path.split(/[/\\]/).at(-1) ?? path,
        ...{ mimeType, description },
      })),
    ],
    structuredContent: { ...data },
  };
}

const refused = (text: string): CallToolResult => ({ isError: true, content: [{ type: "text", text }] });
