/**
 * What to do about a path written as a shell would read it, for which there is no folder; null where it is none.
 * @param path as written in the experiment file
 */
export function shellNotation(path: string): string | null {
  if (/^~[^/\\]/.test(path)) {
    return "Of ~ only your own folder is known, as ~/…: write out the whole path of another user's.";
  }
  return /\$\w|\$\{|%\w+%/.test(path)
    ? "Variables are not replaced in an experiment file: write out the path; ~/… stands for your own folder."
    : null;
}
