/** Files in the data folder that are not read, or are to be left out. */
import { yamlText } from "../../experiment/yamlText.ts";
import { leavesOutImages, leftOutText } from "../../images/fileKinds.ts";
import { patternFor } from "../../images/ignore.ts";
import { plural } from "../../numbers.ts";
import { shownText } from "../../shownText.ts";
import type { Rule } from "../rule.ts";

const filesLeftOut: Rule = {
  code: "MDM111",
  name: "files-left-out",
  severity: "warning",
  explanation:
    "Files in the folder are not read: images of a kind that cannot be decoded, or files that are no images (then it is a note). The message counts them by kind.",
  fix: null,
  *check({ experiment: { data }, facts: { dataset } }) {
    const { images = 0, leftOut = {} } = dataset ?? {};
    const text = leftOutText(leftOut);
    // Without any image that is said beside the error.
    if (text === null || images === 0) return;
    yield {
      at: ["data.path"],
      severity: leavesOutImages(leftOut) ? "warning" : "info",
      message: `data.path: of the files in "${shownText(data.path)}" ${plural(images, "image")} can be read; ${text}.`,
    };
  },
};

const ignoreWithoutMatch: Rule = {
  code: "MDM112",
  name: "ignore-without-match",
  severity: "warning",
  explanation:
    "A pattern of `data.ignore` leaves nothing out. A pattern without a slash is a name at any depth; one with a slash is a path from the data folder; case counts.",
  fix: "Removes the pattern.",
  *check({ experiment: { data }, facts: { dataset } }) {
    if (dataset?.ignoredByPattern?.length !== data.ignore.length) return;
    for (const [i, pattern] of data.ignore.entries()) {
      if (dataset.ignoredByPattern[i] !== 0) continue;
      const rest = data.ignore.filter((_, other) => other !== i);
      const hint = pattern.includes("\\")
        ? "Folders are separated by / here, not by \\."
        : "It is a name at any depth, or with a slash a path from the data folder; case counts.";
      yield {
        at: ["data.ignore"],
        message: `data.ignore: nothing in "${shownText(data.path)}" matches ${JSON.stringify(pattern)}. ${hint}`,
        fix:
          rest.length === 0
            ? { title: "Remove ignore", remove: ["data.ignore"] }
            : { title: `Remove ${JSON.stringify(pattern)}`, set: { "data.ignore": yamlText(rest) } },
      };
    }
  },
};

const folderUnreadable: Rule = {
  code: "MDM113",
  name: "folder-unreadable",
  severity: "error",
  explanation:
    "A folder in the data folder cannot be read, so it is not known which images there are. Leaving a part of them out silently would be worse.",
  fix: "Writes the folder into `data.ignore`.",
  *check({ experiment: { data }, facts: { dataset } }) {
    const folder = dataset?.unreadableFolder;
    if (folder === undefined) return;
    const name = folder.path === "" ? data.path : `${data.path.replace(/\/$/, "")}/${folder.path}`;
    const told = `the folder "${shownText(name)}" cannot be read (${folder.reason}). Give yourself the right to read it`;
    if (folder.path === "") yield { at: ["data.path"], message: `data.path: ${told}.` };
    else {
      const list = yamlText([...data.ignore, patternFor(folder.path)]);
      yield {
        at: ["data.ignore", "data.path"],
        message: `data.path: ${told}, or leave it out with data.ignore: ${list}`,
        fix: { title: `Use ignore: ${list}`, set: { "data.ignore": list } },
      };
    }
  },
};

const dataUnusable: Rule = {
  code: "MDM120",
  name: "data-unusable",
  severity: "error",
  explanation:
    "What `data.path` names is there, but is no folder of images and no archive of a kind that is read, or the archive is damaged. The message says what to do.",
  fix: null,
  *check({ experiment: { data }, facts: { dataset } }) {
    if (dataset?.problem === undefined) return;
    yield {
      at: ["data.path"],
      message: `data.path: the ${dataset.noun} "${shownText(data.path)}" ${dataset.problem}`,
    };
  },
};

export const DATA_FILE_RULES: readonly Rule[] = [filesLeftOut, ignoreWithoutMatch, folderUnreadable, dataUnusable];
