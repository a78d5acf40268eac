/** What is generated from the tools: the editor's contributions in package.json, and the table in docs/assistant.md. */
import { editorToolName } from "./toolNames.ts";
import { inputSchema } from "./toolSchemas.ts";
import { ALL_TOOLS } from "./tools.ts";

export const MANIFEST = "package.json";
export const ASSISTANT_DOCUMENT = "docs/assistant.md";

/** `contributes.languageModelTools` of package.json. */
export const editorContributions = (): readonly object[] =>
  ALL_TOOLS.map((tool) => ({
    name: editorToolName(tool.name),
    toolReferenceName: editorToolName(tool.name),
    displayName: `MaskDM: ${tool.title}`,
    userDescription: sentence(tool.summary),
    modelDescription: tool.description,
    canBeReferencedInPrompt: true,
    icon: "$(beaker)",
    tags: ["maskdm", "training", "diffusion"],
    // Nothing is started in Restricted Mode, so that nothing is offered that would.
    ...(tool.acts ? { when: "isWorkspaceTrusted" } : {}),
    inputSchema: inputSchema(tool),
  }));

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/**
 * @param read the text of a file as it is; "" for one that does not exist
 * @returns path -> text
 */
export function publishedTools(read: (path: string) => string): Record<string, string> {
  const manifest = JSON.parse(read(MANIFEST)) as { readonly contributes: object };
  const contributes = { ...manifest.contributes, languageModelTools: editorContributions() };
  const table = ALL_TOOLS.map(({ name, summary, input }) => {
    const inputs = Object.keys(input.shape).map((key) => `\`${key}\``);
    return `| \`${name}\` | ${inputs.join(", ")} | ${summary} |`;
  });
  return {
    [MANIFEST]: `${JSON.stringify({ ...manifest, contributes }, null, 2)}\n`,
    [ASSISTANT_DOCUMENT]: read(ASSISTANT_DOCUMENT).replace(
      /<!-- tools -->[\s\S]*?<!-- end -->/,
      `<!-- tools -->\n${["| tool | takes | gives |", "|---|---|---|", ...table].join("\n")}\n<!-- end -->`,
    ),
  };
}
