/**
 * Members of a tar archive (POSIX.1-2001 pax, with GNU's long names and sizes), by their places in the file, and the classes of a
 * WebDataset: members that share all up to the first dot of their names are one sample, and KEY.cls says its class.
 */
import { type Archive, ArchiveError, type Member, memberPath } from "./archive.ts";
import type { OpenFile } from "./openFile.ts";

const BLOCK = 512;
/** A class of more bytes is none. */
const MAX_LABEL_BYTES = 256;
const SLASH = 0x2f;

interface TarMember extends Member {
  readonly at: number;
}

/** Whether a file begins as a tar does. */
export function isTar(start: Buffer): boolean {
  return start.length >= BLOCK && hasChecksum(start.subarray(0, BLOCK));
}

/** @throws ArchiveError where it is damaged or cut short */
export function openTar(file: OpenFile): Archive {
  const members = withLabels(file, membersOf(file));
  return {
    facts: file.facts,
    members,
    classRemedy: "Give it a .cls file beside it, or a folder that is named after the class",
    async read(index, most) {
      const { at, size } = members[index]!;
      return file.readAt(at, Math.min(size, most ?? size));
    },
    close: () => file.close(),
  };
}

/** What a header before a member's own says of it. */
interface Longer {
  path?: Buffer;
  link?: Buffer;
  size?: number;
}

function membersOf(file: OpenFile): TarMember[] {
  const members = new Map<string, TarMember>();
  const { size: end } = file.facts;
  let longer: Longer = {};
  for (let at = 0; at < end; ) {
    const header = file.peekAt(at, Math.min(BLOCK, end - at));
    if (header[0] === 0 && header.every((byte) => byte === 0)) return [...members.values()];
    if (header.length < BLOCK || !hasChecksum(header)) throw damaged(`at byte ${at} there is no header`);
    const type = String.fromCharCode(header[156]!);
    const size = longer.size ?? numberAt(header, 124, 12);
    const name = longer.path ?? ownPath(header);
    const path = memberPath(name);
    const from = at + BLOCK;
    if (from + size > end) throw damaged(`it ends within ${JSON.stringify(path)}`);
    at = from + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "x") longer = { ...longer, ...paxOf(file.peekAt(from, size)) };
    else if (type === "L") longer.path = textField(file.peekAt(from, size));
    else if (type === "K") longer.link = textField(file.peekAt(from, size));
    else if (type !== "g") {
      // So the oldest archives have folders.
      const isFolder = type === "\0" && name.at(-1) === SLASH;
      const link = memberPath(longer.link ?? textField(header.subarray(157, 257)));
      if (!isFolder) addMember(members, type, { path, size, kind: "file", at: from }, link);
      longer = {};
    }
  }
  // Without its end it may lack members, too.
  throw damaged("its end is missing");
}

function addMember(members: Map<string, TarMember>, type: string, member: TarMember, link: string): void {
  const { path } = member;
  if (path === "") return;
  if (type === "0" || type === "\0" || type === "7") members.set(path, member);
  // A hard link: the same file once more, which came before.
  else if (type === "1" && members.has(link)) members.set(path, { ...members.get(link)!, path });
  else if (type === "1" || type === "2") members.set(path, { ...member, size: 0, kind: "brokenLink" });
}

/** The class of each sample goes to its other members; a class without any stays, to be told of. */
function withLabels(file: OpenFile, members: readonly TarMember[]): TarMember[] {
  const labels = new Map<string, string>();
  const others = new Set<string>();
  for (const { path, at, size } of members) {
    const [key, extension] = sampleKey(path);
    if (extension !== "cls") others.add(key);
    else labels.set(key, labelOf(file, path, at, size));
  }
  return members
    .filter(({ path }) => !(sampleKey(path)[1] === "cls" && others.has(sampleKey(path)[0])))
    .map((member) => {
      const label = labels.get(sampleKey(member.path)[0]);
      return label === undefined ? member : { ...member, label };
    });
}

/** All up to the first dot of the name, and all behind it in lower case. */
function sampleKey(path: string): [key: string, extension: string] {
  const dot = path.indexOf(".", path.lastIndexOf("/") + 1);
  return dot < 0 ? [path, ""] : [path.slice(0, dot), path.slice(dot + 1).toLowerCase()];
}

function labelOf(file: OpenFile, path: string, at: number, size: number): string {
  const text = size > MAX_LABEL_BYTES ? "" : file.peekAt(at, size).toString("utf8").trim();
  if (text !== "" && !/[\p{Cc}\ufffd]/u.test(text)) return text;
  throw new ArchiveError(
    `${JSON.stringify(path)} in it says no class: it has to hold a whole number or a name, as text. Correct it, or pack the samples without it.`,
  );
}

function ownPath(header: Buffer): Buffer {
  const name = textField(header.subarray(0, 100));
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textField(header.subarray(345, 500)) : Buffer.alloc(0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]);
}

function textField(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Octal digits, or GNU's form for what they have no room for. */
function numberAt(header: Buffer, at: number, length: number): number {
  if ((header[at]! & 0x80) !== 0) return Number(header.readBigUInt64BE(at + length - 8));
  const text = textField(header.subarray(at, at + length))
    .toString("latin1")
    .trim();
  const value = text === "" ? 0 : Number.parseInt(text, 8);
  if (Number.isNaN(value)) throw damaged("a header has no size");
  return value;
}

/** The checksum counts its own field as spaces; some programs summed up signed bytes. */
function hasChecksum(header: Buffer): boolean {
  const told = Number.parseInt(textField(header.subarray(148, 156)).toString("latin1").trim(), 8);
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const value = i >= 148 && i < 156 ? 0x20 : header[i]!;
    unsigned += value;
    signed += value < 128 ? value : value - 256;
  }
  return told === unsigned || told === signed;
}

/** Records `LENGTH KEY=VALUE\n`. */
function paxOf(bytes: Buffer): Longer {
  const longer: Longer = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number.parseInt(bytes.toString("latin1", at, space), 10);
    const equals = bytes.indexOf(0x3d, space);
    if (space < 0 || !(length > 0) || equals < 0 || at + length > bytes.length)
      throw damaged("an extended header is damaged");
    const key = bytes.toString("latin1", space + 1, equals);
    const value = bytes.subarray(equals + 1, at + length - 1);
    if (key === "path") longer.path = value;
    else if (key === "linkpath") longer.link = value;
    else if (key === "size") longer.size = Number(value.toString("latin1"));
    at += length;
  }
  return longer;
}

const damaged = (what: string): ArchiveError =>
  new ArchiveError(`${what}: the archive is damaged or was cut short. Copy or download it again.`);
