/** Which names below the data folder are left out: those of systems and programs, and the patterns of data.ignore. */

/** Folders and files that systems, storage devices and archivers put among images, lower case. */
const DEFAULT_IGNORED: ReadonlySet<string> = new Set([
  ...["lost+found", "system volume information", "$recycle.bin", "recycler", "__macosx"],
  ...["@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot"],
  ...["thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r"],
]);

/** One pattern of data.ignore, ready for use. */
interface Pattern {
  /** matches folders only */
  readonly foldersOnly: boolean;
  /** matches the whole path; otherwise a name at any depth */
  readonly ofPath: boolean;
  readonly expression: RegExp;
}

/**
 * Patterns of data.ignore. A pattern without a slash is a name at any depth; one with a slash is a path from the data folder. In
 * it, * stands for any characters but a slash, ? for one, ** between slashes for any folders; a slash at the end means folders
 * only. Case counts. What lies in an ignored folder is left out with it.
 */
export class IgnorePatterns {
  private readonly patterns: readonly Pattern[];
  /** how many files and folders each pattern left out, in the patterns' order; those in an ignored folder are not counted */
  readonly matches: number[];

  constructor(patterns: readonly string[]) {
    this.patterns = patterns.map(compile);
    this.matches = patterns.map(() => 0);
  }

  /** Counts the match. @param path from the data folder, with forward slashes */
  matchesPath(path: string, isFolder: boolean): boolean {
    const name = path.slice(path.lastIndexOf("/") + 1);
    let found = false;
    // All are tried, so that none is said to match nothing because an earlier one matches the same.
    this.patterns.forEach(({ expression, foldersOnly, ofPath }, i) => {
      if ((foldersOnly && !isFolder) || !expression.test(ofPath ? path : name)) return;
      this.matches[i]!++;
      found = true;
    });
    return found;
  }
}

/** Whether a file or folder is left out whatever the experiment says. Names that begin with a dot are hidden anyway. */
export const isIgnoredByDefault = (name: string): boolean => DEFAULT_IGNORED.has(name.toLowerCase());

function compile(text: string): Pattern {
  const foldersOnly = text.endsWith("/");
  const body = foldersOnly ? text.slice(0, -1) : text;
  const ofPath = body.includes("/");
  const path = body.replace(/^(\.?\/)+/, "");
  const parts = path.split("/").map((part) => (part === "**" ? null : part.replace(/[\\^$.|+()[\]{}]/g, "\\$&")));
  let source = "";
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1;
    if (part === null) source += isLast ? ".+" : "(?:[^/]+/)*";
    else source += part.replaceAll("**", "*").replaceAll("*", "[^/]*").replaceAll("?", "[^/]") + (isLast ? "" : "/");
  });
  return { foldersOnly, ofPath, expression: new RegExp(`^(?:${source})$`, "su") };
}

/** The pattern that matches this path of a folder and its likes only. @param path from the data folder */
export function patternFor(path: string): string {
  // A name in the data folder itself needs the slash to be no name at any depth.
  return path.includes("/") ? path : `/${path}`;
}
