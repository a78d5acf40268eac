/** Archives made for tests, as other programs write them: each member by hand, so that they can be wrong in any way. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";

export type Files = Readonly<Record<string, Uint8Array | string>>;

interface ZipOptions {
  readonly deflate?: boolean;
  /** sizes and places of 64 bits */
  readonly zip64?: boolean;
  /** what the headers claim */
  readonly method?: number;
  readonly flags?: number;
}

/** All files below a folder, in the order in which the disk tells them. */
export function filesBelow(folder: string): Files {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return Object.fromEntries(paths.map((path) => [path.split(sep).join("/"), readFileSync(join(folder, path))]));
}

/** APPNOTE 6.3. */
export function zipOf(files: Files, { deflate = true, zip64 = false, method, flags = 0x800 }: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [path, content] of Object.entries(files)) {
    const [name, bytes] = [Buffer.from(path), Buffer.from(content)];
    const packed = deflate ? deflateRawSync(bytes) : bytes;
    const how = method ?? (deflate ? 8 : 0);
    const sum = crc32(bytes);
    const none = 0xffffffff;
    const [small, large] = zip64 ? [none, none] : [packed.length, bytes.length];
    const facts = numbers([2, 45], [2, flags], [2, how], [4, 0], [4, sum], [4, small], [4, large], [2, name.length]);
    const localExtra = zip64 ? numbers([2, 1], [2, 16], [8, bytes.length], [8, packed.length]) : Buffer.alloc(0);
    const local = Buffer.concat([numbers([4, 0x04034b50]), facts, numbers([2, localExtra.length]), name, localExtra]);
    const extra = zip64 ? numbers([2, 1], [2, 24], [8, bytes.length], [8, packed.length], [8, at]) : Buffer.alloc(0);
    const rest = numbers([2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, zip64 ? none : at]);
    directory.push(Buffer.concat([numbers([4, 0x02014b50], [2, 45]), facts, rest, name, extra]));
    parts.push(local, packed);
    at += local.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const count = directory.length;
  if (zip64) {
    parts.push(list, numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]));
    parts.push(numbers([8, list.length], [8, at], [4, 0x07064b50], [4, 0], [8, at + list.length], [4, 1]));
  } else parts.push(list);
  const [entries, where] = zip64 ? [0xffff, 0xffffffff] : [count, at];
  const end = numbers([4, 0x06054b50], [4, 0], [2, entries], [2, entries], [4, list.length], [4, where], [2, 0]);
  return Buffer.concat([...parts, end]);
}

/** Little-endian numbers of so many bytes. */
function numbers(...fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigUInt64LE(BigInt(value));
      return buffer.subarray(0, bytes);
    }),
  );
}

/** POSIX ustar; longer names as GNU has them. @param links path and what it is a hard link to */
export function tarOf(files: Files, links: Readonly<Record<string, string>> = {}): Buffer {
  const parts: Buffer[] = [];
  for (const [path, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    if (Buffer.byteLength(path) > 100) parts.push(tarMember("././@LongLink", Buffer.from(`${path}\0`), "L"));
    parts.push(tarMember(path, bytes, "0"));
  }
  for (const [path, target] of Object.entries(links)) parts.push(tarMember(path, Buffer.alloc(0), "1", target));
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function tarMember(path: string, bytes: Buffer, type: string, link = ""): Buffer {
  const header = Buffer.alloc(512);
  header.write(Buffer.from(path).subarray(0, 100).toString("latin1"), 0, "latin1");
  header.write("0000644\x000000000\x000000000\0", 100, "latin1");
  header.write(
    `${bytes.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0${" ".repeat(8)}${type}${link}`,
    124,
    "latin1",
  );
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

interface Row {
  readonly bytes: Uint8Array | null;
  readonly label?: number;
}

/** As the Hugging Face hub stores images. @param names of the classes; left out: there is no column of labels */
export function parquetOf(rows: readonly Row[], names?: readonly string[], column = "image"): Buffer {
  const image = rows.map(({ bytes }) => ({ bytes, path: null }));
  const labels = names === undefined ? [] : [{ name: "label", data: rows.map(({ label }) => BigInt(label ?? -1)) }];
  const features = {
    [column]: { _type: "Image" },
    ...(names === undefined ? {} : { label: { _type: "ClassLabel", names } }),
  };
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [{ name: column, data: image }, ...labels],
      schema: [
        { name: "root", num_children: 1 + labels.length },
        { name: column, num_children: 2, repetition_type: "OPTIONAL" },
        { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
        { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        ...labels.map(({ name }) => ({ name, type: "INT64" as const, repetition_type: "OPTIONAL" as const })),
      ],
      rowGroupSize: 4,
      kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
    }),
  );
}
