/** Names of archives of images. What a file is its content says; a name is all there is where somebody chooses one or it is missing. */

/** In lower case. */
export const ARCHIVE_EXTENSIONS: readonly string[] = ["zip", "tar", "parquet"];

/** @param path as written in the experiment file, or a name */
export const isArchiveName = (path: string): boolean => ARCHIVE_EXTENSIONS.includes(extensionOf(path));

/** Of an archive's name what is before the extension. */
export const archiveStem = (name: string): string =>
  isArchiveName(name) ? name.slice(0, name.length - extensionOf(name).length - 1) : name;

/** What somebody means who names a place of images that is not there. */
export const placeNoun = (path: string): "file" | "folder" => (isArchiveName(path) ? "file" : "folder");

const extensionOf = (path: string): string => path.slice(path.lastIndexOf(".") + 1).toLowerCase();
