/** What the Python package `src/torch` needs to know of the experiment file and the run format: it travels inside the package, written by `npm run docs`. */
import { ruleOf } from "../experiment/changeOnResume.ts";
import { READ_WITH } from "../experiment/idleKeys.ts";
import { experimentKeys } from "../experiment/keys.ts";
import { EXPERIMENT_SCHEMA_PATH, publishedExperiment } from "../experiment/publish.ts";
import { publishedRunFormat } from "./runFormat.ts";

const FOLDER = "src/torch/maskdm_torch/schema";

/** Documents that the package reads. */
const READ = ["run", "status", "checkpoint"].map((name) => `docs/schema/${name}.schema.json`);

/**
 * @param markdown docs/run-format.md as it is
 * @returns path -> text
 */
export function publishedTorchPackage(markdown: string): Record<string, string> {
  const published = { ...publishedExperiment(), ...publishedRunFormat(markdown) };
  const copies = [EXPERIMENT_SCHEMA_PATH, ...READ].map((path) => [inPackage(path), published[path]!] as const);
  return { ...Object.fromEntries(copies), [`${FOLDER}/experiment-changes.json`]: changesText() };
}

const inPackage = (path: string): string => path.replace(/^docs\/schema/, FOLDER);

/** By key: what its change means to a run that goes on (changeOnResume.ts), and with which value of another key alone it is read. */
function changesText(): string {
  const entries = [...experimentKeys().keys.keys()].map((path) => {
    const readWith = READ_WITH[path];
    return [path, { ...ruleOf(path), ...(readWith === undefined ? {} : { readWith }) }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
