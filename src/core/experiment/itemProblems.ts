/** What is wrong with a list of mappings, such as the pieces of mask.rate, item by item. */
import { describeValue } from "./allowedValues.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { ExperimentDocument } from "./document.ts";
import { isValidFor, itemKeys, itemSchema, type KeySpec } from "./keys.ts";
import { nearestName } from "./suggest.ts";
import { renaming } from "./unknownKeys.ts";
import { valueProblem } from "./valueProblems.ts";
import { isMapping } from "./yamlReader.ts";
import { yamlText } from "./yamlText.ts";

/**
 * Everything that is wrong with a value that the schema does not accept: with the items of a list one by one, else with the whole.
 * @param value what stands in the file
 */
export function keyProblems(spec: KeySpec, value: unknown, document: ExperimentDocument): Diagnostic[] {
  const items = itemSchema(spec) !== null && Array.isArray(value) ? value : [];
  const found = items.flatMap((item: unknown, i) => itemProblems(spec, i, item, document));
  return found.length > 0 ? found : [valueProblem(spec, value, document)];
}

function itemProblems(list: KeySpec, index: number, item: unknown, document: ExperimentDocument): Diagnostic[] {
  const path = `${list.path}[${index}]`;
  const keys = itemKeys(list, index);
  const report = (at: string, code: string, message: string): Diagnostic => ({
    ...document.locate([at, path, list.path]),
    severity: "error",
    code,
    message,
  });
  if (!isMapping(item)) {
    const example = yamlText(EXAMPLE);
    return [report(path, "MDM012", `${path} must be a piece such as ${example}, but is ${describeValue(item)}.`)];
  }
  const names = keys.map(({ name }) => name);
  const unknown = Object.keys(item)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const near = nearestName(
        name,
        names.filter((other) => !(other in item)),
      );
      const hint = near === null ? `. Known here: ${names.join(", ")}.` : `. Did you mean ${near}?`;
      const fix = near === null ? null : renaming(document, `${path}.${name}`, near);
      const range = document.keyRange(`${path}.${name}`) ?? document.locate([path]);
      const found = report(path, "MDM010", `There is no key ${JSON.stringify(name.slice(0, 40))} in ${path}${hint}`);
      return { ...found, ...range, ...(fix ? { fix } : {}) };
    });
  const missing = keys
    .filter(({ name, required }) => required && !(name in item))
    .map(({ path: key, name }) =>
      report(path, "MDM011", `${key} is missing: a piece has a ${name}, such as ${yamlText(EXAMPLE)}.`),
    );
  const wrong = keys
    .filter((key) => item[key.name] !== undefined && !isValidFor(key, item[key.name]))
    .map((key) => valueProblem(key, item[key.name], document));
  return [...unknown, ...missing, ...wrong];
}

const EXAMPLE = { until: 1000, rate: 0.9 };
