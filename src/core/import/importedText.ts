/** The text of an experiment file that was imported: its keys with where each is from, and above them what has no key. */
import { experimentKeys } from "../experiment/keys.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { ImportedKey } from "./takeSettings.ts";

/** A paragraph of the comments at the top. */
export interface Remark {
  readonly title: string;
  /** null: the title says it all */
  readonly lines: readonly string[] | null;
}

const WIDTH = 120;

/** @param keys dotted */
export function importedText(remarks: readonly Remark[], keys: ReadonlyMap<string, ImportedKey>): string {
  const head = remarks
    .filter(({ lines }) => lines?.length !== 0)
    .map(({ title, lines }) =>
      [...wrapped(title, "# "), ...(lines ?? []).flatMap((line) => wrapped(line, "#   ", "#     "))].join("\n"),
    );
  const { sections, keys: specs } = experimentKeys();
  const blocks = [...sections.values()].flatMap((section) => {
    const own = section.keys
      .filter(({ path }) => keys.has(path))
      .map(({ name, path }) => keyLine(`  ${name}`, keys.get(path)!));
    return own.length === 0 ? [] : [[`${section.name}:`, ...own].join("\n")];
  });
  const lone = [...specs.values()].filter(({ section, path }) => section === "" && keys.has(path));
  const last = lone.map(({ name, path }) => keyLine(name, keys.get(path)!)).join("\n");
  return `${[head.join("\n#\n"), ...blocks, ...(last === "" ? [] : [last])].join("\n\n")}\n`;
}

const keyLine = (name: string, { value, from }: ImportedKey): string =>
  `${name}: ${yamlText(value)}${from === "" ? "" : ` # ${from.replaceAll(/\s+/g, " ")}`}`;

/** Lines of a text that are no longer than the width, where its words allow it. */
function wrapped(text: string, lead: string, next: string = lead): string[] {
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(/\s+/)) {
    const isFirst = line === lead || line === next;
    if (!isFirst && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next + word;
    } else line += (isFirst ? "" : " ") + word;
  }
  return [...lines, line];
}
