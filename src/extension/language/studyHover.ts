/** Hover in a study: its keys, and below axes the keys of the experiment with their points. */
import type * as vscode from "vscode";
import { isMap, type YAMLMap } from "yaml";
import { keyText } from "../../core/experiment/document.ts";
import { keyMarkdown } from "../../core/publish/keyMarkdown.ts";
import { axisKey, studyKeys } from "../../core/study/kind.ts";
import { settingPlace, stageSettings } from "../../core/study/stageSet.ts";
import type { ReadStudy } from "../services.ts";
import { hoverOf, keyHover, listed, rangeAt, registerKeyHover } from "./hover.ts";
import type { DocumentServices } from "./languageServices.ts";
import { toRange } from "./ranges.ts";
import { axisFacts, studyKeyFacts } from "./studyFacts.ts";

export const registerStudyHover = (services: DocumentServices<ReadStudy>): vscode.Disposable =>
  registerKeyHover(
    services,
    (read, position) =>
      axisHover(read, position) ??
      settingHover(read, position) ??
      keyHover(studyKeys(), read, position, (path) => studyKeyFacts(path, read)),
  );

function axisHover(read: ReadStudy, position: vscode.Position): vscode.Hover | undefined {
  const { document } = read;
  const axes = document.target(document.find("axes")?.value ?? null);
  for (const name of isMap(axes) ? keysOf(axes) : []) {
    const at = ["axes", name];
    const list = document.target(document.find(at)?.value ?? null);
    const items = list !== null && "items" in list ? list.items.length : 0;
    // A key of several that vary together, before the axis that it belongs to.
    for (let i = 0; i < items; i++) {
      const point = document.target(document.find([...at, i])?.value ?? null);
      for (const key of isMap(point) ? keysOf(point) : []) {
        const place = document.keyRange([...at, i, key]);
        const spec = axisKey(key);
        if (spec !== null && place !== null && toRange(place).contains(position))
          return hoverOf(key, [keyMarkdown(spec)], toRange(place));
      }
    }
    const range = rangeAt(read, at, position);
    if (range === null) continue;
    const spec = axisKey(name);
    const said =
      spec === null ? "An axis with a name of its own: the keys of a point vary together." : keyMarkdown(spec);
    return hoverOf(name, [said, ...listed(axisFacts(name, read))], range, spec === null ? null : name);
  }
  return undefined;
}

/** Of a key that is set for one stage. */
function settingHover(read: ReadStudy, position: vscode.Position): vscode.Hover | undefined {
  for (const { stage, key } of read.partial === null ? [] : stageSettings(read.partial)) {
    const range = rangeAt(read, settingPlace({ stage, key }), position);
    const spec = axisKey(key);
    if (range !== null && spec !== null) return hoverOf(key, [keyMarkdown(spec)], range);
  }
  return undefined;
}

const keysOf = (map: YAMLMap): string[] => map.items.flatMap(({ key }) => keyText(key) ?? []);
