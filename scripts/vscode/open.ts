// Opens the built extension (npm run build) in VS Code, without a screen, and takes a picture:
//   node scripts/vscode/open.mjs --shot out/shot.png [--theme dark|light|hc] [--workspace DIR] [--vsix FILE] [--size 1280x800]
//     [--file tiny.maskdm.yaml] [--command "MaskDM: Open Designer"] [--wait 1000] …
// The files, commands, keys (--key Control+s), clicks (--click CSS), answers (--answer TEXT, --pick LABEL), waits (ms) and
// pictures are carried out in the order in which they stand. Without --workspace a copy of test/fixtures/workspace is opened.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Editor, launch, type Theme } from "../../test/e2e/driver.ts";
import { fixtureWorkspace } from "./fixtureWorkspace.ts";

const text = { type: "string" } as const;
const many = { type: "string", multiple: true } as const;
const { values, tokens } = parseArgs({
  tokens: true,
  options: {
    theme: text,
    workspace: text,
    vsix: text,
    size: text,
    scale: text,
    ...{ file: many, command: many, answer: many, pick: many, key: many, click: many, wait: many, shot: many },
  },
});
if (!values.shot?.length) throw new Error("name a picture: --shot FILE.png");
const theme = values.theme ?? "dark";
if (!isTheme(theme)) throw new Error(`--theme is dark, light or hc, not ${theme}`);
const [width, height] = (values.size ?? "1280x800").split("x").map(Number);
const workspace = values.workspace
  ? { path: resolve(values.workspace), remove: async () => undefined }
  : await fixtureWorkspace();
try {
  const editor = await launch({
    workspace: workspace.path,
    theme,
    size: { width: width ?? 1280, height: height ?? 800 },
    scale: Number(values.scale ?? 1),
    ...(values.vsix ? { vsix: resolve(values.vsix) } : {}),
  });
  try {
    for (const token of tokens) {
      if (token.kind === "option" && token.value !== undefined) await carryOut(editor, token.name, token.value);
    }
  } finally {
    await editor.close();
  }
} finally {
  await workspace.remove();
}
process.exit();

async function carryOut(editor: Editor, name: string, value: string): Promise<void> {
  switch (name) {
    case "file":
      return editor.openFile(value);
    case "command":
      return editor.palette(value);
    case "answer":
      return editor.answer(value);
    case "pick":
      return editor.pick(value);
    case "key":
      return editor.page.keyboard.press(value);
    case "click":
      return editor.page.locator(value).first().click();
    case "wait":
      return editor.page.waitForTimeout(Number(value));
    case "shot":
      console.log(await editor.screenshot(resolve(value)));
  }
}

function isTheme(name: string): name is Theme {
  return name === "dark" || name === "light" || name === "hc";
}
