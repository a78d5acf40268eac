/** The three doors offer the same tools: what the layer lists, the server's list, and package.json. */
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { describe, expect, it, onTestFinished } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { ASSISTANT_DOCUMENT, editorContributions, publishedTools } from "../../../src/core/assistant/publish.ts";
import { editorToolName, TOOL_NAMES } from "../../../src/core/assistant/toolNames.ts";
import { inputSchema, outputSchema } from "../../../src/core/assistant/toolSchemas.ts";
import { ALL_TOOLS, TOOLS } from "../../../src/core/assistant/tools.ts";
import { localToolHost } from "../../../src/trainer/assistant/localToolHost.ts";
import { serveTools } from "../../../src/trainer/assistant/mcpServer.ts";

const { languageModelTools } = packageJson.contributes;

async function served() {
  const host = await localToolHost(import.meta.dirname, import.meta.dirname, () => {});
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: "test", version: "1.0.0" });
  void serveTools(host, ours, { allowStart: false, errorText: String, commandText: String });
  await client.connect(theirs);
  onTestFinished(async () => {
    await client.close();
    host.dispose();
  });
  return (await client.listTools()).tools;
}

describe.each(TOOL_NAMES)("%s", (name) => {
  const tool = TOOLS[name];

  it("is the same in the layer, the server and the editor", async () => {
    const inServer = (await served()).find((one) => one.name === name)!;
    const inEditor = languageModelTools.find((one) => one.name === editorToolName(name))!;
    expect(tool.name).toBe(name);
    expect(inServer.description).toBe(tool.description);
    expect(inEditor.modelDescription).toBe(tool.description);
    expect(inServer.inputSchema).toEqual(inputSchema(tool));
    expect(inEditor.inputSchema).toEqual(inputSchema(tool));
    expect(inServer.outputSchema).toEqual(outputSchema(tool));
    expect(inServer.annotations?.readOnlyHint).toBe(!tool.acts);
    expect("when" in inEditor ? inEditor.when : null).toBe(tool.acts ? "isWorkspaceTrusted" : null);
  });

  it("says of every input what it is, and takes nothing else", () => {
    const { properties, additionalProperties } = inputSchema(tool);
    expect(additionalProperties).toBe(false);
    for (const [key, schema] of Object.entries(
      properties as Record<string, { description?: string; enum?: unknown }>,
    )) {
      expect(schema.description ?? schema.enum, key).toBeDefined();
    }
  });
});

it("none of the doors has another tool", async () => {
  expect(ALL_TOOLS.map(({ name }) => name)).toEqual([...TOOL_NAMES]);
  expect((await served()).map(({ name }) => name)).toEqual([...TOOL_NAMES]);
  expect(languageModelTools.map(({ name }) => name)).toEqual(TOOL_NAMES.map(editorToolName));
});

it("package.json and the document are as the layer has it; if not: npm run docs", () => {
  expect(languageModelTools).toEqual(editorContributions());
  const read = (path: string): string => readFileSync(path, "utf8");
  expect(publishedTools(read)[ASSISTANT_DOCUMENT]).toBe(read(ASSISTANT_DOCUMENT));
});
