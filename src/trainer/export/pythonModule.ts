/**
 * Makes one module of Python of those of the package maskdm_torch that it needs: what is exported is the code that trains, with what
 * nobody asks for left out.
 */
import { join } from "node:path";
import { type ForeignImport, type PythonSource, readPythonSource, type Statement } from "./pythonSource.ts";

/** What the standard library does not have. */
const INSTALLED = /^(torch|safetensors|diffusers)\b/;

/**
 * @param root file whose every statement is taken, relative to the package's folder
 * @param packageFolder that of maskdm_torch
 * @throws RangeError where two definitions that are needed bear one name, or a file is written as this does not expect it
 */
export function pythonModule(root: string, packageFolder: string): string {
  const modules = new Map<string, PythonSource>();
  const open = (file: string): PythonSource => {
    const known = modules.get(file);
    if (known !== undefined) return known;
    const read = readPythonSource(file);
    modules.set(file, read);
    return read;
  };
  const rootFile = join(packageFolder, root);
  const needed = new Map<string, Set<Statement>>();
  const foreign = new Map<string, ForeignImport>();

  const take = (file: string, statement: Statement): void => {
    const taken = needed.get(file) ?? new Set();
    if (taken.has(statement)) return;
    needed.set(file, taken.add(statement));
    const module = open(file);
    for (const name of new Set(statement.text.match(/[A-Za-z_]\w*/g))) {
      for (const own of module.statements.filter((other) => other.name === name)) take(file, own);
      const from = module.own.get(name);
      if (from !== undefined) takeName(from, name);
      const other = module.foreign.get(name);
      if (other === undefined) continue;
      const { module: known } = foreign.get(name) ?? other;
      if (known !== other.module) throw new RangeError(`${name} is imported from ${known} and from ${other.module}`);
      foreign.set(name, other);
    }
  };
  const takeName = (file: string, name: string): void => {
    const module = open(file);
    const found = module.statements.find((statement) => statement.name === name);
    const passedOn = module.own.get(name);
    if (found !== undefined) take(file, found);
    else if (passedOn !== undefined) takeName(passedOn, name);
    else throw new RangeError(`${file} has no ${name}`);
  };
  for (const statement of open(rootFile).statements) take(rootFile, statement);
  refuseTwins(needed);

  const files = importedFirst(rootFile, open).filter((file) => needed.has(file));
  const sections = files.map((file) => {
    const { docstring, statements } = open(file);
    const body = statements.filter((statement) => needed.get(file)?.has(statement));
    const text = body.map(({ text, gap }, i) => (i === 0 ? text : "\n".repeat(gap + 1) + text)).join("");
    const about = docstring.split("\n").map((line) => `# ${line}`.trimEnd());
    return file === rootFile ? text : `${["#", ...about, "#"].join("\n")}\n\n\n${text}`;
  });
  const imports = importLines([...foreign.values()]);
  return `"""${open(rootFile).docstring}"""\n\nfrom __future__ import annotations\n\n${imports}\n\n${sections.join("\n\n\n")}\n`;
}

/** A file and all that it imports of the package, each after what it imports itself. */
function importedFirst(root: string, open: (file: string) => PythonSource): string[] {
  const seen = new Set<string>();
  const order: string[] = [];
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const other of open(file).own.values()) visit(other);
    order.push(file);
  };
  visit(root);
  return order;
}

function refuseTwins(needed: ReadonlyMap<string, ReadonlySet<Statement>>): void {
  const places = new Map<string, string>();
  for (const [file, statements] of needed) {
    for (const { name } of statements) {
      if (name === null) continue;
      const other = places.get(name) ?? file;
      if (other !== file) throw new RangeError(`${name} is defined in ${other} and in ${file}: rename one of them`);
      places.set(name, file);
    }
  }
}

/** Those of the standard library first, each once. */
function importLines(imports: readonly ForeignImport[]): string {
  const lines = (isInstalled: boolean): string[] => {
    const chosen = imports.filter(({ module }) => INSTALLED.test(module) === isInstalled);
    const whole = chosen.filter(({ name }) => name === null);
    const names = new Map<string, Set<string>>();
    for (const { module, name } of chosen) {
      if (name !== null) names.set(module, (names.get(module) ?? new Set()).add(name));
    }
    const from = [...names].map(([module, of]) => `from ${module} import ${[...of].sort().join(", ")}`);
    const plain = whole.map(({ module, as }) => `import ${module}${as === null ? "" : ` as ${as}`}`);
    return [...new Set(plain.sort()), ...from.sort()];
  };
  return [lines(false), lines(true)]
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}
