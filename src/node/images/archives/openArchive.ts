/** Opens an archive by what it holds, whatever its name is. */
import { systemReason } from "../../systemReason.ts";
import { HEAD_BYTES } from "../imageFormat.ts";
import { type Archive, ArchiveError } from "./archive.ts";
import { OpenFile } from "./openFile.ts";

type Format = "zip" | "tar" | "parquet";

/** Bytes that tell what a file is; a tar's first header has so many. */
const START_BYTES = 512;

/** @throws ArchiveError with the reason and what to do */
export async function openArchive(path: string): Promise<{ readonly archive: Archive; readonly format: Format }> {
  let file: OpenFile;
  try {
    file = new OpenFile(path);
  } catch (error) {
    throw new ArchiveError(`it cannot be read (${systemReason(error)}). Give yourself the right to read it.`);
  }
  try {
    const start = Buffer.from(file.peekAt(0, Math.min(START_BYTES, file.facts.size)));
    const format = await formatOf(start);
    // What reads them is loaded where there is one.
    if (format === "zip") return { format, archive: await (await import("./zip.ts")).openZip(file) };
    if (format === "parquet") return { format, archive: await (await import("./parquet.ts")).openParquet(file) };
    return { format, archive: (await import("./tar.ts")).openTar(file) };
  } catch (error) {
    file.close();
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError(`it cannot be read (${systemReason(error)}). Copy or download it again.`);
  }
}

/** @param start the first bytes of a file */
async function formatOf(start: Buffer): Promise<Format> {
  const text = start.toString("latin1", 0, 4);
  if (text === "PK\x03\x04" || text === "PK\x05\x06") return "zip";
  if (text === "PAR1") return "parquet";
  if (start.length === 0) throw new ArchiveError("it is empty. Copy or download it again.");
  if (text.startsWith("\x1f\x8b"))
    throw new ArchiveError(
      "it is compressed as a whole, so that no image in it can be read by itself. Unpack that once, with gunzip or another program: a .tar can be used as it is.",
    );
  if (/^(BZh|\xfd7zX|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!)/.test(text))
    throw new ArchiveError("it is an archive of a kind that is not read. Pack the images as .zip or .tar.");
  if ((await import("./tar.ts")).isTar(start)) return "tar";
  const { imageFormat } = await import("../imageFormat.ts");
  if (imageFormat(start.subarray(0, HEAD_BYTES)) !== null)
    throw new ArchiveError("it is a single image. Name the folder or archive that holds the images.");
  throw new ArchiveError(
    "it is neither a folder nor a .zip, .tar or .parquet file, whatever its name says. Name one that holds the images.",
  );
}
