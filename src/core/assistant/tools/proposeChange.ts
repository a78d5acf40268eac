import * as z from "zod";
import { UserError } from "../../errors.ts";
import { countsText, numberOf } from "../../experiment/diagnosticCounts.ts";
import { editKeys } from "../../experiment/edit.ts";
import { applyEdits } from "../../experiment/lineIndex.ts";
import { applyOverrides } from "../../experiment/overrides.ts";
import { readExperiment } from "../../experiment/read.ts";
import { fixAll } from "../../lint/fixAll.ts";
import { lintExperiment } from "../../lint/lint.ts";
import { differingKeys, flatConfig } from "../../series/flatConfig.ts";
import { STUDY_FILE } from "../../study/names.ts";
import { fileInput, overridesOf, setInput } from "../inputs.ts";
import { diagnosticSchema, diagnosticsData, editSchema, problemLines } from "../problems.ts";
import { readingTool } from "../tool.ts";
import { lineEdits, unifiedDiff } from "../unifiedDiff.ts";

export const PROPOSE_CHANGE = readingTool(
  {
    name: "propose_change",
    title: "Propose a change of an experiment",
    summary: "a patch of an experiment file and what lint says of the result; writes nothing",
    description:
      "A change of a MaskDM experiment file as a patch, comments and layout kept, with what lint says of the result. It writes nothing: apply the patch (unified form, for git apply or patch -p1 in the workspace's folder; or the edits) with your own tools, where the user can see it. A file that does not exist yet is made from set, which then needs data.path.",
    input: z.strictObject({
      file: fileInput(),
      set: setInput("Keys to write."),
      unset: z.array(z.string()).default([]).describe("Dotted keys to take out, so that their defaults hold."),
      fix: z.boolean().default(false).describe("Whether the fixes of all errors and warnings are made, too."),
    }),
    output: z.object({
      file: z.string(),
      isNew: z.boolean().describe("Whether the patch makes the file."),
      patch: z.string().describe("Unified form; empty: nothing changes."),
      edits: z.array(editSchema()).describe("The same as edits of the file as it is; they do not overlap."),
      changed: z
        .array(z.object({ key: z.string(), from: z.string().nullable(), to: z.string().nullable() }))
        .describe("Keys whose value changes, defaults counted; null: there is none."),
      errors: z.number().int(),
      warnings: z.number().int(),
      diagnostics: z.array(diagnosticSchema()).describe("Of the result."),
    }),
  },
  async ({ file: path, set: wanted, unset, fix }, host) => {
    const file = await host.place(path);
    const shown = host.shown(file);
    if (STUDY_FILE.test(file) || !/\.ya?ml$/i.test(file))
      throw new UserError(`${shown} is no experiment file. Name one that ends in .maskdm.yaml.`);
    const set = overridesOf(wanted);
    if (set.length === 0 && unset.length === 0 && !fix)
      throw new UserError("propose_change: nothing is to be changed. Give set, unset or fix.");
    const before = await host.text(file);
    await host.checkPlaces(file, set);
    const changedText = without(applyOverrides(before ?? "", set), unset);
    const found = await host.lint(file, changedText);
    // What only the machine, the images or the weights tell is fixed in the first round; later ones look at the text alone.
    const edit = fix ? fixAll(changedText, (text) => (text === changedText ? found : lintExperiment(text))) : null;
    const after = edit === null ? changedText : applyEdits(changedText, [edit]);
    const diagnostics = edit === null ? found : await host.lint(file, after);
    const patch = unifiedDiff(shown, before, after);
    const [old, now] = [before ?? "", after].map((text) => {
      const { experiment } = readExperiment(text);
      return experiment === null ? {} : flatConfig(experiment);
    }) as [Record<string, string>, Record<string, string>];
    const changed = differingKeys([old, now]).map((key) => ({ key, from: old[key] ?? null, to: now[key] ?? null }));
    const isNew = before === null;
    const lines = [
      patch === ""
        ? `${shown}: nothing changes`
        : `${shown}: a patch, not written; ${countsText(diagnostics)} in the result`,
      ...(isNew ? [] : changed.map(({ key, from, to }) => `${key}: ${from ?? "none"} → ${to ?? "none"}`)),
      ...problemLines(shown, diagnostics),
      ...(patch === "" ? [] : ["", patch.trimEnd()]),
    ];
    return {
      text: lines.join("\n"),
      data: {
        ...{ file: shown, isNew, patch, edits: lineEdits(before ?? "", after), changed },
        errors: numberOf(diagnostics, "error"),
        warnings: numberOf(diagnostics, "warning"),
        diagnostics: diagnosticsData(diagnostics),
      },
    };
  },
);

/** @throws UserError where a key is not there, or cannot be taken out in place */
function without(text: string, keys: readonly string[]): string {
  const { document } = readExperiment(text);
  const missing = keys.find((key) => !document.isSet(key));
  if (missing !== undefined) throw new UserError(`propose_change: the file does not write ${missing}; leave it out.`);
  const edits = editKeys(document, { remove: keys });
  if (edits === null)
    throw new UserError(
      `propose_change: ${keys.join(", ")} cannot be taken out of this layout; change the file itself.`,
    );
  return applyEdits(text, edits);
}
