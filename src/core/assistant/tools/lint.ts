import * as z from "zod";
import { UserError } from "../../errors.ts";
import { countsText, numberOf } from "../../experiment/diagnosticCounts.ts";
import { diagnosticSchema, diagnosticsData, problemLines } from "../problems.ts";
import { readingTool } from "../tool.ts";

export const LINT = readingTool(
  {
    name: "lint",
    title: "Check an experiment or study",
    summary: "what is wrong or unwise in an experiment or study file",
    description:
      "Check a MaskDM experiment file (*.maskdm.yaml) or study (*.maskstudy.yaml): YAML, keys, values, and what is legal but will not do what is meant, each with place, rule code, consequence in numbers and, often, a fix. Call it after every change of such a file and before starting a run.",
    input: z.strictObject({
      file: z.string().min(1).describe("Experiment or study file: absolute, or relative to the workspace's folder."),
    }),
    output: z.object({
      file: z.string(),
      errors: z.number().int(),
      warnings: z.number().int(),
      diagnostics: z.array(diagnosticSchema()).describe("In reading order."),
    }),
  },
  async ({ file: path }, host) => {
    const file = await host.place(path);
    const text = await host.text(file);
    const shown = host.shown(file);
    if (text === null)
      throw new UserError(`${shown}: there is no such file. propose_change makes the text of a new experiment.`);
    const diagnostics = await host.lint(file, text);
    return {
      text: [`${shown}: ${countsText(diagnostics)}`, ...problemLines(shown, diagnostics)].join("\n"),
      data: {
        file: shown,
        errors: numberOf(diagnostics, "error"),
        warnings: numberOf(diagnostics, "warning"),
        diagnostics: diagnosticsData(diagnostics),
      },
    };
  },
);
