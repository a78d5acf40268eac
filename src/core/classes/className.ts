/**
 * The class of an image: its first-level folder.
 * @param path relative to the data folder, with forward slashes; of an image that lies in a folder
 */
export function className(path: string): string {
  return path.slice(0, path.indexOf("/"));
}
