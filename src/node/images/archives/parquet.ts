/**
 * Rows of a Parquet file as members: images as the Hugging Face hub stores them, a column of {bytes, path} and, where there are
 * classes, one of labels, whose names the file's metadata hold.
 */
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema, type SchemaTree } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import * as z from "zod";
import { parseJson } from "../../../core/parseJson.ts";
import { shownText } from "../../../core/shownText.ts";
import { type Archive, ArchiveError, type Member } from "./archive.ts";
import type { OpenFile } from "./openFile.ts";

/** The rows of a group are read together: more bytes would take more memory than can be asked for. */
const MAX_GROUP_BYTES = 2 ** 31;
/** Digits of a row's name, so that names are in the rows' order. */
const ROW_DIGITS = 9;
/** Groups of rows that are kept: images are read in the rows' order. */
const KEPT_GROUPS = 2;

type Column = SchemaTree["element"] & { readonly children: readonly SchemaTree[] };

/** What the `datasets` library notes of its columns. */
const featuresSchema = z.object({
  info: z.object({
    features: z.record(
      z.string(),
      z.looseObject({ _type: z.string().optional(), names: z.array(z.string()).optional() }),
    ),
  }),
});
type Features = z.output<typeof featuresSchema>["info"]["features"];

const bytesSchema = z.instanceof(Uint8Array);
const imageSchema = z.union([bytesSchema, z.looseObject({ bytes: bytesSchema })]);

interface RowGroup {
  /** number of its first row */
  readonly start: number;
  readonly rows: number;
}

/** @throws ArchiveError where it is damaged, or holds no images in a form that is known */
export async function openParquet(file: OpenFile): Promise<Archive> {
  const source = {
    byteLength: file.facts.size,
    slice: async (start: number, end: number = file.facts.size) =>
      (await file.readAt(start, end - start)).buffer as ArrayBuffer,
  };
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(source);
  } catch (error) {
    throw new ArchiveError(
      `its directory, at the end of the file, cannot be read (${(error as Error).message}): the file may have been cut short. Copy or download it again.`,
    );
  }
  const features = featuresOf(metadata);
  const columns = parquetSchema(metadata).children.map(({ element, children }): Column => ({ ...element, children }));
  const image = imageColumn(columns, features).name;
  const groups = rowGroups(metadata, image);
  const label = labelColumn(columns, features);
  const read = (column: string, rowStart: number, rowEnd: number) =>
    // Bytes are no texts, whatever the column's name is.
    parquetReadObjects({ file: source, metadata, compressors, columns: [column], rowStart, rowEnd, utf8: false });
  const labels =
    label === null ? null : await readLabels(label, features[label]?.names, Number(metadata.num_rows), read);
  const kept = new Map<RowGroup, Promise<Record<string, unknown>[]>>();
  const rowsOf = (group: RowGroup): Promise<Record<string, unknown>[]> => {
    const rows = kept.get(group) ?? read(image, group.start, group.start + group.rows);
    kept.delete(group);
    kept.set(group, rows);
    if (kept.size > KEPT_GROUPS) kept.delete(kept.keys().next().value!);
    return rows;
  };
  return {
    facts: file.facts,
    members: groups.flatMap((group) => membersOf(group, labels)),
    classRemedy:
      label === null
        ? `There is no column of labels among its columns ${namesOf(columns)}`
        : `Its column ${JSON.stringify(label)} has none for it`,
    async read(row, most) {
      const group = groups.find(({ start, rows }) => row < start + rows)!;
      const rows = await rowsOf(group);
      const found = imageSchema.safeParse(rows[row - group.start]?.[image]);
      if (!found.success) throw new Error("its row holds no image; write the file with the images' bytes in it");
      const bytes = found.data instanceof Uint8Array ? found.data : found.data.bytes;
      return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, most ?? bytes.length));
    },
    close: () => file.close(),
  };
}

interface Group extends RowGroup {
  /** bytes of an image in the mean */
  readonly imageBytes: number;
}

function rowGroups(metadata: FileMetaData, image: string): Group[] {
  let start = 0;
  return metadata.row_groups.map(({ columns, num_rows }) => {
    const rows = Number(num_rows);
    const chunk = columns.find(({ meta_data: meta }) => {
      const [name, inner] = meta?.path_in_schema ?? [];
      return name === image && (inner === undefined || inner === "bytes");
    })?.meta_data;
    const bytes = Number(chunk?.total_uncompressed_size ?? 0);
    if (bytes > MAX_GROUP_BYTES) {
      throw new ArchiveError(
        `a group of its rows holds ${(bytes / 2 ** 30).toFixed(1)} GiB of images, which are read together. Write it with smaller groups, such as row_group_size=100.`,
      );
    }
    const group = { start, rows, imageBytes: Math.floor(bytes / Math.max(1, rows)) };
    start += rows;
    return group;
  });
}

function membersOf({ start, rows, imageBytes }: Group, labels: readonly (string | null)[] | null): Member[] {
  return Array.from({ length: rows }, (_, i) => {
    const path = String(start + i).padStart(ROW_DIGITS, "0");
    const label = labels?.[start + i] ?? null;
    return { path, size: imageBytes, kind: "image", ...(label === null ? {} : { label }) };
  });
}

function featuresOf({ key_value_metadata: pairs }: FileMetaData): Features {
  const text = pairs?.find(({ key }) => key === "huggingface")?.value;
  const parsed = featuresSchema.safeParse(text === undefined ? null : parseJson(text));
  return parsed.success ? parsed.data.info.features : {};
}

/** The column of images: that called image, or the only one. */
function imageColumn(columns: readonly Column[], features: Features): Column {
  const found = columns.filter((column) => holdsImages(column, features));
  const column = found.find(({ name }) => name === "image") ?? (found.length === 1 ? found[0] : undefined);
  if (column !== undefined) return column;
  const why =
    found.length === 0
      ? "it has no column of images, which hold {bytes, path} as the Hugging Face hub stores them"
      : `it has several columns of images, ${namesOf(found)}, and none is called image`;
  throw new ArchiveError(`${why}. Its columns: ${namesOf(columns)}. Write the images into a column called image.`);
}

function holdsImages({ name, type, converted_type, logical_type, children }: Column, features: Features): boolean {
  if (children.length > 0)
    return children.some(({ element }) => element.name === "bytes" && element.type === "BYTE_ARRAY");
  const isText = converted_type === "UTF8" || logical_type?.type === "STRING";
  return type === "BYTE_ARRAY" && !isText && (name === "image" || features[name]?._type === "Image");
}

/** The column called label, or the only one that is noted to hold classes. */
function labelColumn(columns: readonly Column[], features: Features): string | null {
  const classes = columns.filter(({ name }) => features[name]?._type === "ClassLabel");
  const column = columns.find(({ name }) => name === "label") ?? (classes.length === 1 ? classes[0] : undefined);
  return column === undefined || column.children.length > 0 ? null : column.name;
}

async function readLabels(
  column: string,
  names: readonly string[] | undefined,
  rows: number,
  read: (column: string, from: number, to: number) => Promise<Record<string, unknown>[]>,
): Promise<(string | null)[]> {
  return (await read(column, 0, rows)).map(({ [column]: value }) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
    if (typeof value === "string") return value;
    // Where a class is not known it is -1.
    if ((typeof value !== "number" && typeof value !== "bigint") || value < 0) return null;
    return names?.[Number(value)] ?? String(value);
  });
}

const namesOf = (columns: readonly Column[]): string => columns.map(({ name }) => shownText(name)).join(", ");
