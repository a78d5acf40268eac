/** What paths are compared by: file systems of Windows and macOS do not tell upper from lower case, nor ways to write an accent. */
export function pathKey(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== "win32" && platform !== "darwin") return path;
  const plain = path.normalize("NFC").toLowerCase();
  return platform === "win32" ? plain.replaceAll("/", "\\") : plain;
}

/** Whether two paths name the same place, as far as the paths alone tell. */
export const isSamePath = (a: string | null, b: string | null): boolean =>
  a === b || (a !== null && b !== null && pathKey(a) === pathKey(b));
