/** The tools for the editor's own assistants, and for those that take servers of the Model Context Protocol. */
import * as vscode from "vscode";
import type { ToolResult } from "../../core/assistant/tool.ts";
import { editorToolName, TOOL_NAMES, type ToolName } from "../../core/assistant/toolNames.ts";
import type { Services } from "../services.ts";
import { registerMcpServer } from "./mcpServerProvider.ts";

/** What newer editors have: a part of a result that is a picture. */
interface PictureParts {
  readonly LanguageModelDataPart?: { image(data: Uint8Array, mimeType: string): object };
}

export function registerAssistant(context: vscode.ExtensionContext, services: Services): void {
  registerMcpServer(context, services);
  // Editors that are made from VS Code may have no language models.
  if (typeof vscode.lm?.registerTool !== "function") return;
  const load = async () => {
    const [{ TOOLS }, { editorToolHost }] = await Promise.all([
      import("../../core/assistant/tools.ts"),
      import("./editorToolHost.ts"),
    ]);
    return { TOOLS, host: editorToolHost(services) };
  };
  context.subscriptions.push(
    ...TOOL_NAMES.map((name) => vscode.lm.registerTool(editorToolName(name), editorTool(name, load))),
  );
}

type Load = () => Promise<{
  readonly TOOLS: typeof import("../../core/assistant/tools.ts").TOOLS;
  readonly host: import("../../core/assistant/toolHost.ts").ToolHost;
}>;

function editorTool(name: ToolName, load: Load): vscode.LanguageModelTool<object> {
  const prepare = async (input: object) => {
    const { TOOLS, host } = await load();
    return { tool: TOOLS[name], call: await TOOLS[name].prepare(input, host) };
  };
  return {
    async prepareInvocation({ input }) {
      const { tool, call } = await prepare(input);
      const { question } = call;
      return {
        invocationMessage: `MaskDM: ${tool.title}`,
        ...(question === null
          ? {}
          : { confirmationMessages: { title: question.title, message: plainText(question.message) } }),
      };
    },
    async invoke({ input }, token) {
      const { call } = await prepare(input);
      const abort = new AbortController();
      const cancellation = token.onCancellationRequested(() => abort.abort());
      try {
        return resultOf(await call.act({ signal: abort.signal, progress: () => {} }));
      } finally {
        cancellation.dispose();
      }
    },
  };
}

/** Names of files and values of keys are no Markdown. */
const plainText = (text: string): vscode.MarkdownString => new vscode.MarkdownString().appendText(text);

function resultOf({ text, data, pictures = [] }: ToolResult): vscode.LanguageModelToolResult {
  const { LanguageModelDataPart: DataPart } = vscode as PictureParts;
  const shown = DataPart === undefined ? [] : pictures.map((png) => DataPart.image(png, "image/png"));
  const unseen = shown.length < pictures.length ? "\nThis version of the editor shows no pictures to a model." : "";
  return new vscode.LanguageModelToolResult([
    new vscode.LanguageModelTextPart(`${text}${unseen}`),
    new vscode.LanguageModelTextPart(JSON.stringify(data)),
    ...(shown as vscode.LanguageModelTextPart[]),
  ]);
}
