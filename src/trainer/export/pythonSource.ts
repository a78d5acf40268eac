/** Takes a file of the package maskdm_torch apart into its imports and the statements at the beginning of its lines. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A statement at the beginning of a line, with comments and decorators before it. */
export interface Statement {
  readonly text: string;
  /** that it defines; null: it defines nothing */
  readonly name: string | null;
  /** blank lines before it */
  readonly gap: number;
}

export interface PythonSource {
  readonly docstring: string;
  readonly statements: readonly Statement[];
  /** file that a name is imported from, of this package */
  readonly own: ReadonlyMap<string, string>;
  /** the same of other packages: `import math`, `from torch import nn` */
  readonly foreign: ReadonlyMap<string, ForeignImport>;
}

/** name null: the module itself */
export interface ForeignImport {
  readonly module: string;
  readonly name: string | null;
  readonly as: string | null;
}

const DEFINITION = /^(?:(?:async )?def|class) (\w+)|^(\w+)(?:: [^=]+)? = /m;

/** @throws RangeError where a file is written as this does not expect it */
export function readPythonSource(file: string): PythonSource {
  const source = readFileSync(file, "utf8");
  const docstring = /^"""([\s\S]*?)"""\n/.exec(source);
  if (docstring === null) throw new RangeError(`${file} does not begin with a docstring`);
  const statements: Statement[] = [];
  const own = new Map<string, string>();
  const foreign = new Map<string, ForeignImport>();
  for (const { text, gap } of statementsOf(source.slice(docstring[0].length))) {
    const from = /^from (\S+) import \(?([\s\S]*?)\)?$/.exec(text);
    const plain = /^import ([\w.]+)(?: as (\w+))?$/.exec(text);
    if (plain !== null) {
      const [, module = "", as = null] = plain;
      foreign.set(as ?? module.split(".")[0]!, { module, name: null, as });
    } else if (from !== null) {
      const module = from[1]!;
      const names = from[2]!.split(",").map((name) => name.trim());
      for (const name of names.filter((name) => name !== "" && module !== "__future__")) {
        if (!/^\w+$/.test(name)) throw new RangeError(`${file}: import of ${name}`);
        if (module.startsWith(".")) own.set(name, fileOf(module, file));
        else foreign.set(name, { module, name, as: null });
      }
    } else {
      const found = DEFINITION.exec(text.replace(/^(?:[#@].*\n)*/, ""));
      statements.push({ text, gap, name: found === null || found.index > 0 ? null : (found[1] ?? found[2]!) });
    }
  }
  return { docstring: docstring[1]!, statements, own, foreign };
}

/** `..networks.shape` as a file, seen from another one. */
function fileOf(module: string, from: string): string {
  const dots = /^\.+/.exec(module)![0].length;
  const folder = "../".repeat(dots - 1);
  const path = join(dirname(from), folder, ...module.slice(dots).split("."));
  return existsSync(`${path}.py`) ? `${path}.py` : join(path, "__init__.py");
}

/** Everything at the beginning of a line begins a statement, but for brackets that close one, and after comments and decorators. */
function* statementsOf(source: string): Generator<Pick<Statement, "text" | "gap">> {
  let lines: string[] = [];
  let gap = 0;
  const end = (): Pick<Statement, "text" | "gap">[] => {
    const blank = lines.length - 1 - lines.findLastIndex((line) => line !== "");
    const text = lines.slice(0, lines.length - blank).join("\n");
    const statement = { text, gap };
    lines = [];
    gap = blank;
    return text === "" ? [] : [statement];
  };
  let isBegun = false;
  for (const line of source.trimStart().split("\n")) {
    const begins = /^[^\s)\]}]/.test(line);
    if (begins && isBegun) yield* end();
    if (begins) isBegun = !/^[#@]/.test(line);
    lines.push(line);
  }
  yield* end();
}
