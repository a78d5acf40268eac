/** The tools for the editor's own assistants, and for those that take servers of the Model Context Protocol. */
import * as vscode from "vscode";
import type { PreparedCall, ToolResult } from "../../core/assistant/tool.ts";
import { editorToolName, TOOL_NAMES, type ToolName } from "../../core/assistant/toolNames.ts";
import { UserError } from "../../core/errors.ts";
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
    const host = editorToolHost(services);
    return (name: ToolName, input: object) => TOOLS[name].prepare(input, host);
  };
  context.subscriptions.push(
    ...TOOL_NAMES.map((name) => vscode.lm.registerTool(editorToolName(name), new EditorTool(name, load, services.log))),
  );
}

type Prepare = (name: ToolName, input: object) => Promise<PreparedCall>;

class EditorTool implements vscode.LanguageModelTool<object> {
  /** calls that the user was asked about, by their input: what was shown is what is done */
  private readonly asked = new Map<string, PreparedCall>();

  constructor(
    private readonly name: ToolName,
    private readonly load: () => Promise<Prepare>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  async prepareInvocation({
    input,
  }: vscode.LanguageModelToolInvocationPrepareOptions<object>): Promise<vscode.PreparedToolInvocation> {
    const call = await this.prepare(input);
    const { question } = call;
    if (question === null) return {};
    this.asked.set(JSON.stringify(input), call);
    return { confirmationMessages: { title: question.title, message: plainText(question.message) } };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<object>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    const key = JSON.stringify(input);
    const call = this.asked.get(key) ?? (await this.prepare(input));
    this.asked.delete(key);
    const abort = new AbortController();
    const cancellation = token.onCancellationRequested(() => abort.abort());
    try {
      return resultOf(await call.act({ signal: abort.signal, progress: () => {} }));
    } catch (error) {
      throw this.logged(error);
    } finally {
      cancellation.dispose();
    }
  }

  private async prepare(input: object): Promise<PreparedCall> {
    try {
      return await (await this.load())(this.name, input);
    } catch (error) {
      throw this.logged(error);
    }
  }

  /** A model is told the message; of what is nobody's fault but the program's the log keeps the rest. */
  private logged(error: unknown): unknown {
    if (error instanceof Error && !(error instanceof UserError)) this.log.error(error);
    return error;
  }
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
