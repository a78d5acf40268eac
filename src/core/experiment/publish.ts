/** What is generated from the schema: the JSON Schema and the documentation of every key. */
import { ruleOf } from "./changeOnResume.ts";
import { experimentKeys, type KeySpec } from "./keys.ts";
import { keyTableText, schemaText, sectionText } from "./publishKeys.ts";

export const EXPERIMENT_SCHEMA_PATH = "docs/schema/experiment.schema.json";
export const EXPERIMENT_DOCUMENT_PATH = "docs/experiment-file.md";

/** @returns path -> text */
export function publishedExperiment(): Record<string, string> {
  return { [EXPERIMENT_SCHEMA_PATH]: schemaText(experimentKeys()), [EXPERIMENT_DOCUMENT_PATH]: experimentDocument() };
}

const INTRODUCTION = `<!-- Generated from src/core/experiment/schema.ts by \`npm run docs\`. Do not edit. -->
# The experiment file

One file, \`NAME.maskdm.yaml\`, describes one experiment: the images, the network, the mask of pretraining, the diffusion process, both
stages of training, sampling and the machine's side. It is YAML 1.2 (UTF-8, at most 32 KiB). Every key but \`data.path\` has a default, so
the smallest experiment is:

\`\`\`yaml
data:
  path: ./images
\`\`\`

* \`maskdm lint FILE\` checks a file; the rules are in [lint-rules.md](lint-rules.md).
* \`maskdm schema\` prints the JSON Schema, also in [schema/experiment.schema.json](schema/experiment.schema.json). In VS Code these files have
  the language "MaskDM Experiment", with completion, checks and hovers of its own, so the YAML extension leaves them alone. Set
  to the language YAML they are checked by that extension, which gets the schema from this one. Other editors with a YAML language
  server find it where the file begins with \`# yaml-language-server: $schema=PATH\`.
* [hidden-tokens.md](hidden-tokens.md) defines what becomes of hidden tokens, \`mask.mode\`.
* \`--set section.key=value\` overrides a key on the command line; the run's frozen file holds the overridden text.
* Numbers stand without quotes (\`2e-4\`, not \`"2e-4"\`); a colour needs them (\`"#ffffff"\`), as \`#\` begins a comment. \`null\` means none.
* Sections may share keys by YAML anchors: \`pretrain: &stage\` … and \`<<: *stage\` under \`finetune\`.

Field terms: p is the side of a patch, N the number of tokens of an image, g = sqrt(N) the side of their grid, S the number of visible
tokens, m the mask rate, D the width of a token, T the number of timesteps.
`;

/** docs/experiment-file.md */
export function experimentDocument(): string {
  const { sections, keys } = experimentKeys();
  const lone = [...keys.values()].filter((key) => key.section === "");
  return [
    INTRODUCTION,
    ...[...sections.values()].map((section) => sectionText(section, PIECES)),
    `## At the top of the file\n\n${keyTableText(lone)}\n`,
    goingOn([...keys.values()]),
  ].join("\n");
}

function goingOn(keys: readonly KeySpec[]): string {
  const having = (may: ReturnType<typeof ruleOf>["may"]): string =>
    keys
      .filter(({ path }) => ruleOf(path).may === may)
      .map(({ path }) => `\`${path}\``)
      .join(", ");
  return `## Going on with other values

A run goes on with its own copy of the experiment, whatever became of the file it was made from; \`maskdm resume\` tells by keys where the two
differ. \`--set\` changes the copy from that step on; \`run.json\` keeps which key was changed at which step.

| may it change on a resume? | keys |
|---|---|
| never: it would be another run | ${having("never")} |
| yes, and it is said, as training goes on otherwise from there | ${having("noted")} |
| yes: it changes how training is done or shown, not what is learned | ${having("silently")} |

\`lr_schedule: cosine\` falls to 0 at \`steps\`. More steps than planned would stretch the cosine, and the learning rate would jump up where the run
goes on; this is refused until \`--stretch-lr\` says that it is meant, or \`--set\` another \`lr\`, \`lr_schedule\` or \`warmup_steps\`.
`;
}

const PIECES: Readonly<Record<string, string>> = {
  "mask.rate": `The mask may change over pretraining, such as from hardly anything visible to whole images:

\`\`\`yaml
mask:
  strategy: block
  block_size: 2
  rate:
    - {until: 0.6, rate: 0.9} # the first 60 % of the steps
    - {until: 1800, rate: 0.5, strategy: patch} # up to step 1799 of, say, 2000
    - {rate: 0} # whole images to the end
\`\`\`

The number of visible tokens S changes only at borders. Images, flips, timesteps and noise of a step do not depend on the pieces. With
\`micro_batch_size: auto\` each piece has the micro-batch that fits its S. On a resume the pieces that are over must stay as they were; those to come
may change. On the command line: \`--set 'mask.rate=[{until: 1000, rate: 0.9}, {rate: 0}]'\`.

`,
};
