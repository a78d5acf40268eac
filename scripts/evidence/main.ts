/**
 * npm run evidence -- --help
 * Computes the studies of docs/evidence and writes its pages; docs/evidence/README.md says how. `npm run build` first. What is computed is
 * never computed again: after an interruption the same command goes on.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DOCUMENTS } from "./catalogue.ts";
import { Evidence } from "./evidence.ts";
import { makeImages } from "./images.ts";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "dist/maskdm.js");
const USAGE =
  "npm run evidence -- [recipes|masking|all] [--full] [--runs-dir DIR] [--out DIR] [--seeds N] [--seconds S] [--list] [--speeds] [--only NAME] [--write]\n" +
  "docs/evidence/README.md says what each does.";
const { values, positionals } = understood(() =>
  parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      "runs-dir": { type: "string", default: join(root, "out/evidence/runs") },
      out: { type: "string", default: join(root, "docs/evidence") },
      seeds: { type: "string" },
      seconds: { type: "string" },
      only: { type: "string" },
      list: { type: "boolean", default: false },
      speeds: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  }),
);
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}
const [asked = "all", ...others] = positionals;
const documents = DOCUMENTS.filter(({ name }) => asked === "all" || asked === name);
if (documents.length === 0 || others.length > 0)
  refuse(`${positionals.join(" ")}: name one of ${[...DOCUMENTS.map(({ name }) => name), "all"].join(", ")}`);
if (!existsSync(program)) refuse("there is no dist/maskdm.js: npm run build");

/** Ends with what is wrong with the command line. */
function refuse(what: string): never {
  process.stderr.write(`${what}\n${USAGE}\n`);
  process.exit(2);
}

function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function amount(name: "seeds" | "seconds"): number | null {
  const text = values[name];
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) refuse(`--${name} ${text}: a whole number from 1 on is needed`);
  return value;
}

/** Where it is kept, and which part is computed, changes no number. */
const told = ["full", "seeds", "seconds"].flatMap((name) => {
  const value = values[name as "full" | "seeds" | "seconds"];
  return value === undefined || value === false ? [] : [`--${name}`, ...(value === true ? [] : [value])];
});
const command = (name: string): string => ["npm run evidence --", name, ...told].join(" ");

const size = { full: values.full, seeds: amount("seeds"), seconds: amount("seconds") };
const runsDir = resolve(values["runs-dir"]);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
let running: string | null = null;

function maskdm(args: readonly string[], input: string | null = null): Promise<{ code: number; out: string }> {
  const stdout = input === null ? "inherit" : "pipe";
  const child = spawn(process.execPath, [program, ...args], {
    stdio: [input === null ? "ignore" : "pipe", stdout, "inherit"],
  });
  child.stdin?.end(input);
  let out = "";
  child.stdout?.on("data", (data: Buffer) => {
    out += data.toString();
  });
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done({ code: code ?? 1, out }));
  });
}

makeImages(root);
const evidence = new Evidence({
  ...{ documents, size, only: values.only ?? null, studiesDir: join(root, "scripts/evidence/studies") },
  ...{ runsDir, out: resolve(values.out), command, say },
  maskdm: async (args) => {
    running = args[2] ?? null;
    const { code } = await maskdm(args);
    running = null;
    return code;
  },
  time: async (input) => {
    const { code, out } = await maskdm(["study", "time"], input);
    if (code !== 0) throw new Error("steps could not be timed");
    return out;
  },
});

// The study would go on in the background, and the machine would not be free.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    if (running !== null) await maskdm(["study", "stop", running, "--wait", "--runs-dir", runsDir]);
    process.exit(130);
  });
}

if (values.list) process.stdout.write(evidence.list);
else if (values.speeds) await evidence.measure();
else if (values.write) await evidence.write();
else process.exitCode = (await evidence.run()) ? 0 : 1;
