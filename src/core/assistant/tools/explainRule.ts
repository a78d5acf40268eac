import * as z from "zod";
import { UserError } from "../../errors.ts";
import { joinOr } from "../../experiment/allowedValues.ts";
import { meantKeys } from "../../experiment/meantKeys.ts";
import { findTopic } from "../../publish/referencePage.ts";
import { readingTool } from "../tool.ts";

export const EXPLAIN_RULE = readingTool(
  {
    name: "explain_rule",
    title: "Explain a rule or key",
    summary: "what a lint rule or a key of the experiment file means",
    description:
      "The reference page of a MaskDM lint rule (code such as MDM301, or its name) or of a key or section of the experiment or study file (such as mask.rate, or mask): meaning, allowed values, default, unit, equation, cost. Use it instead of guessing what a key does.",
    input: z.strictObject({
      topic: z.string().min(1).describe("Code or name of a rule, dotted key, or section."),
    }),
    output: z.object({
      topic: z.string(),
      kind: z.enum(["rule", "key", "section"]),
      severity: z.enum(["error", "warning", "info"]).nullable().describe("Of a rule; null: it is none."),
      fix: z.string().nullable().describe("What a rule's quick fix does; null: it has none."),
      page: z.string().describe("Markdown."),
    }),
  },
  async ({ topic: asked }) => {
    const found = findTopic(asked.trim());
    if (found === null) {
      const meant = joinOr(meantKeys(asked.trim()));
      throw new UserError(
        `There is no rule or key ${JSON.stringify(asked)}.${meant === "" ? "" : ` Did you mean ${meant}?`} lint names the codes of rules; keys have a section and a dot, such as mask.rate.`,
      );
    }
    const { topic, kind, page, rule } = found;
    return { text: page, data: { topic, kind, severity: rule?.severity ?? null, fix: rule?.fix ?? null, page } };
  },
);
