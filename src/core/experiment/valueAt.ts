/**
 * The value of a dotted key.
 * @param values of a file by section, or an experiment
 * @returns undefined: it is not given
 */
export function valueAt(values: Readonly<Record<string, unknown>>, path: string): unknown {
  const [section, name] = path.split(".");
  const value = values[section!];
  return name === undefined ? value : (value as Readonly<Record<string, unknown>> | undefined)?.[name];
}
