/** Names of run folders: fit for every file system that a run may be copied to. */

const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
const LONGEST_BYTES = 120;

/** @returns what is wrong with a name for a run, or null if it will do */
export function runNameProblem(name: string): string | null {
  if (name === "") return "it is empty";
  if (name === "." || name === "..") return "it names a folder relative to another";
  if (/[/\\]/.test(name)) return "it holds a path separator";
  const wrong = /[^\p{L}\p{M}\p{N}._-]/u.exec(name)?.[0];
  if (wrong !== undefined) return `it holds ${JSON.stringify(wrong)}; use letters, digits, ".", "_" and "-"`;
  if (/^[.-]/.test(name)) return `it begins with "${name[0]}"`;
  if (name.endsWith(".")) return 'it ends with "."';
  if (RESERVED.test(name)) return "Windows reserves it";
  if (new TextEncoder().encode(name).length > LONGEST_BYTES) return `it is longer than ${LONGEST_BYTES} bytes`;
  return null;
}

/** Lower-case letters, digits and "-" of an experiment's name, at most 40 characters, for use in a run id. */
export function slug(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
  return plain === "" ? "run" : plain;
}

/**
 * The first free id of the form `2026-11-22-emoji-pretrain-01`.
 * @param group what names begin with, usually the local calendar date, yyyy-mm-dd
 * @param taken names already in use; compared without regard to case, as some file systems do
 */
export function newRunId(group: string, experiment: string, stage: string, taken: Iterable<string>): string {
  const used = new Set(Array.from(taken, (name) => name.toLowerCase()));
  for (let number = 1; ; number++) {
    const id = `${group}-${slug(experiment)}-${stage}-${String(number).padStart(2, "0")}`;
    if (!used.has(id)) return id;
  }
}

/** "faces.maskdm.yaml" -> "faces" */
export function experimentName(file: string): string {
  const base = file.split(/[/\\]/).pop() ?? "";
  return base.replace(/(\.maskdm)?\.ya?ml$/i, "") || "experiment";
}
