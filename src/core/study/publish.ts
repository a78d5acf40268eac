/** What is generated from the study's schema: the JSON Schema and the documentation of every key. */
import { keyTableText, schemaText, sectionText } from "../experiment/publishKeys.ts";
import { studyKeys } from "./kind.ts";
import { METRIC_NAMES, METRICS } from "./metrics.ts";

export const STUDY_SCHEMA_PATH = "docs/schema/study.schema.json";
export const STUDY_DOCUMENT_PATH = "docs/study-file.md";

/** @returns path -> text */
export function publishedStudy(): Record<string, string> {
  return { [STUDY_SCHEMA_PATH]: schemaText(studyKeys()), [STUDY_DOCUMENT_PATH]: studyDocument() };
}

const INTRODUCTION = `<!-- Generated from src/core/study/schema.ts and publish.ts by \`npm run docs\`. Do not edit. -->
# The study file

One file, \`NAME.maskstudy.yaml\`, describes one study: an experiment, what varies in it, what every training may spend, and how the outcomes are
compared. It answers "which design is better?", with its uncertainty. It is YAML 1.2, as the [experiment file](experiment-file.md) is. Every key but
\`base\` has a default, so a study needs two lines:

\`\`\`yaml
base: faces.maskdm.yaml
axes: {mask.rate: [0.5, 0.9]}
\`\`\`

* A **configuration** is one point of each axis; all combinations are made. A **cell** is a configuration with one seed. Tables and charts fold the
  seeds: mean, interval, number.
* A training is computed once, whatever asks for it: cells that coincide (rates that round to the same number of visible tokens) share it, and so do
  cells that differ in finetuning only share their pretraining. What was computed for one study serves the next, and an axis that gets another point
  computes what is new.
* \`maskdm lint FILE\` checks a study, its base, and what each configuration comes to; the rules are in [lint-rules.md](lint-rules.md), MDM900 and
  on. \`maskdm schema --study\` prints the JSON Schema, also in [schema/study.schema.json](schema/study.schema.json).
* In VS Code these files have the language "MaskDM Study". *MaskDM: New Study* writes one beside an experiment, *MaskDM: New Ablation of the Paper*
  the comparison of masks that Lei et al. made, at sizes that fit the experiment and a night. *MaskDM: Open Study*, also in the title of the text
  and in the explorer's menu, opens it as a form with what it comes to, the cells as they are computed, and the results; *Run*, *Stop*, *Retry
  failed* and *Report* are buttons there.
* On the command line \`maskdm study run STUDY\` computes what is not there yet, \`status\` says how it stands, \`stop\` stops it,
  \`retry-failed\` begins failed cells again, and \`report\` and \`export\` write [what it says](study-report.md). Editor and command line do the
  same: a study that one has begun is followed and stopped by the other, and goes on when both are closed.

## What varies

An axis has one of three forms. Each has from 1 to 64 points.

| form | example | points |
|---|---|---|
| a key and its values | \`mask.rate: [0.1, 0.5, 0.9]\` | as many as values |
| a key and a range | \`pretrain.lr: {from: 5e-5, to: 8e-4, count: 5, scale: log}\` | \`count\`, both ends among them |
| a name and mappings | \`size: [{model.embed_dim: 192, model.depth: 5}, {model.embed_dim: 384, model.depth: 9}]\` | as many as mappings, whose keys vary together |

Keys are those of the experiment, written with a dot. \`budget.pretrain\` and the budget's amount (\`budget.steps\`, \`budget.seconds\`, \`budget.images\`)
may vary, too. \`seed\` is no axis: \`seeds\` repeats every configuration. A single value that is a list, such as the pieces of a mask, stands in a list
of its own: \`mask.rate: [0.9, [{until: 0.5, rate: 0.9}, {rate: 0}]]\`.

## What a stage has of its own

\`set\` gives one stage other values than the experiment has, the same for every configuration; so a study pretrains on many images and finetunes on
few others. Keys are written as on axes, and one that varies is not set, too. Pretrained weights have to suit finetuning: what shapes the network or
the noise is the same in both. Evaluations and the held-out loss are those of the last stage: of its images, and of those that its \`data.holdout\` keeps out.
An image that is in both data sets is kept out of both where their \`data.holdout\` is the same.

## Examples

Which mask rate, at equal wall-clock time with pretraining counted? 0 is the baseline without masking. Three rates and three seeds are nine cells of ten minutes.

\`\`\`yaml
base: faces.maskdm.yaml
axes:
  mask.rate: [0, 0.5, 0.9]
budget:
  seconds: 600
  pretrain: 0.5
\`\`\`

Is pretraining worth its time? One share of the same budget after another, from none to most of it. The loss on held-out images needs
no drawing; the experiment keeps images out by \`data.holdout\`.

\`\`\`yaml
base: faces.maskdm.yaml
axes:
  budget.pretrain: [0, 0.25, 0.5, 0.75]
budget:
  steps: 20000
metric: held_out_loss
seeds: 5
\`\`\`

What does pretraining on all the images bring where few are finetuned on? 0 is finetuning from scratch.

\`\`\`yaml
base: emoji.maskdm.yaml
set:
  pretrain: {data.path: images}
  finetune: {data.path: images/smileys}
axes:
  budget.pretrain: [0, 0.25, 0.5]
budget:
  steps: 20000
metric: held_out_loss
\`\`\`

Which learning rate does finetuning want, for networks of two sizes? All ten configurations share two pretrainings a seed; the half that is behind
after a quarter of its steps is given up.

\`\`\`yaml
base: faces.maskdm.yaml
axes:
  size:
    - {model.embed_dim: 192, model.depth: 5}
    - {model.embed_dim: 384, model.depth: 9}
  finetune.lr: {from: 2e-5, to: 8e-4, count: 5, scale: log}
halving:
  rungs: [0.25]
  keep: 0.5
evaluate:
  samples: 1000
\`\`\`

## Metrics

| metric | better | meaning |
|---|---|---|
${METRIC_NAMES.map((name) => `| \`${name}\` | ${METRICS[name].better} | ${METRICS[name].title}: ${METRICS[name].description} |`).join("\n")}

[evaluation.md](evaluation.md) defines them.
`;

/** docs/study-file.md */
export function studyDocument(): string {
  const { sections, keys } = studyKeys();
  const lone = [...keys.values()].filter((key) => key.section === "");
  return [
    INTRODUCTION,
    `## At the top of the file\n\n${keyTableText(lone)}\n`,
    ...[...sections.values()].map((section) => sectionText(section)),
  ].join("\n");
}
