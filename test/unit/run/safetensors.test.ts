import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 as zlibCrc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import { crc32, crc32Table, crcHex } from "../../../src/node/run/crc32.ts";
import { readSafetensors, safetensorsBytes, writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { temporaryFolder } from "./support.ts";

const tensor = (name: string, shape: number[], values: number[]): NamedTensor => ({
  name,
  shape,
  data: Float32Array.from(values),
});

/** A file built by hand. */
function file(header: unknown, data: Uint8Array): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

describe("crc32", () => {
  test("gives the check value of the standard, whole or in pieces, natively and in JavaScript", () => {
    const check = Buffer.from("123456789");
    for (const update of [crc32, crc32Table]) {
      expect(crcHex(update(check, 0))).toBe("cbf43926");
      for (let cut = 0; cut <= 9; cut++) {
        expect(update(check.subarray(cut), update(check.subarray(0, cut), 0))).toBe(0xcbf43926);
      }
      expect(crcHex(update(new Uint8Array(0), 0))).toBe("00000000");
    }
  });

  test.skipIf(zlibCrc32 === undefined)("agrees with zlib on any bytes (needs Node 20.15 for zlib.crc32)", () => {
    const bytes = Uint8Array.from({ length: 1003 }, (_, i) => (i * i * 31 + 7 * i) & 255);
    for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 1003]) {
      expect(crc32Table(bytes.subarray(0, length), 0)).toBe(zlibCrc32(bytes.subarray(0, length)));
    }
  });
});

describe("writeSafetensors", () => {
  test("writes the public format to the byte", () => {
    const path = join(temporaryFolder(), "a.safetensors");
    writeSafetensors(path, [tensor("a", [2], [1, -2]), tensor("b", [], [0.5])], { format: "pt" });
    const header =
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
      '"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const values = Buffer.alloc(12);
    values.writeFloatLE(1, 0);
    values.writeFloatLE(-2, 4);
    values.writeFloatLE(0.5, 8);
    expect(readFileSync(path)).toEqual(file(padded, values));
  });

  test("pads every header so that the values begin at a multiple of 8", () => {
    const path = join(temporaryFolder(), "a.safetensors");
    for (let length = 1; length <= 17; length++) {
      writeSafetensors(path, [tensor("n".repeat(length), [1], [length])], {});
      const bytes = readFileSync(path);
      const header = Number(bytes.readBigUInt64LE());
      expect(header % 8).toBe(0);
      expect(bytes.length).toBe(8 + header + 4);
      expect(bytes.readFloatLE(8 + header)).toBe(length);
    }
  });

  test("says size and checksum of what it wrote", () => {
    const path = join(temporaryFolder(), "a.safetensors");
    const tensors = [tensor("a", [3], [1, 2, 3])];
    const integrity = writeSafetensors(path, tensors, { stage: "pretrain" });
    const bytes = readFileSync(path);
    expect(integrity).toEqual({ bytes: bytes.length, crc32: crcHex(crc32(bytes, 0)) });
    expect(safetensorsBytes(tensors, { stage: "pretrain" })).toBe(bytes.length);
    expect(readSafetensors(path).integrity).toEqual(integrity);
  });

  test("refuses a name twice and a shape that does not fit", () => {
    const path = join(temporaryFolder(), "a.safetensors");
    expect(() => writeSafetensors(path, [tensor("a", [1], [1]), tensor("a", [1], [1])], {})).toThrow(RangeError);
    expect(() => writeSafetensors(path, [tensor("a", [2], [1])], {})).toThrow(/1 values for shape \[2\]/);
  });
});

describe("readSafetensors", () => {
  test("gives back what was written, bit for bit: special values, views, odd names, more than a chunk", () => {
    const path = join(temporaryFolder(), "a.safetensors");
    const large = new Float32Array(5_000_003).map((_, i) => Math.fround(Math.sin(i)));
    const tensors: NamedTensor[] = [
      tensor("special", [5], [Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-45, 3.4e38]),
      { name: "view", shape: [2, 3], data: large.subarray(7, 13) },
      tensor("empty", [0, 4], []),
      tensor("__proto__", [1], [7]),
      tensor("Grüße \"'\n", [1], [8]),
      { name: "large", shape: [large.length], data: large },
    ];
    writeSafetensors(path, tensors, { ключ: "значение" });
    const read = readSafetensors(path);
    expect(read.metadata).toEqual({ ключ: "значение" });
    expect([...read.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
    for (const { name, shape, data } of tensors) {
      const found = read.tensors.get(name)!;
      expect(found.shape).toEqual(shape);
      const bytes = (array: Float32Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
      expect(bytes(found.data).equals(bytes(data)), name).toBe(true);
      expect(found.data.byteLength).toBe(found.data.buffer.byteLength);
    }
  });

  test("reads entries in any order, and a file without metadata or tensors", () => {
    const path = join(temporaryFolder(), "a.safetensors");
    const values = Buffer.from(Float32Array.of(1, 2, 3).buffer);
    const entry = (begin: number, end: number) => ({
      dtype: "F32",
      shape: [(end - begin) / 4],
      data_offsets: [begin, end],
    });
    writeFileSync(path, file({ last: entry(8, 12), first: entry(0, 8) }, values));
    expect([...readSafetensors(path).tensors].map(([name, { data }]) => [name, [...data]])).toEqual([
      ["first", [1, 2]],
      ["last", [3]],
    ]);
    writeFileSync(path, file("{}", new Uint8Array(0)));
    expect(readSafetensors(path).tensors.size).toBe(0);
  });

  const four = new Uint8Array(4);
  const entry = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  const huge = Buffer.alloc(16);
  huge.writeBigUInt64LE(2n ** 63n);
  const broken: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ["nothing", new Uint8Array(0), /it is empty/],
    ["a few bytes", Uint8Array.of(1, 2, 3), /too short/],
    ["another kind of file", Buffer.from("PK\x03\x04 this is a zip archive"), /does not begin with the length/],
    ["an absurd header length", huge, /does not begin with the length/],
    ["a header cut off", file({ a: entry }, four).subarray(0, 20), /cut short/],
    ["values cut off", file({ a: entry }, four).subarray(0, -1), /need 4 bytes and it holds 3; it was cut short/],
    ["bytes after the values", file({ a: entry }, new Uint8Array(6)), /2 bytes at its end belong to no tensor/],
    ["no JSON", file('{"a":', four), /not valid JSON/],
    ["a JSON array", file("[1, 2]    ", four), /no JSON object/],
    ["no UTF-8", file("{}", four).fill(0xff, 8, 10), /not UTF-8/],
    ["another dtype", file({ a: { ...entry, dtype: "F8_E4M3" } }, four), /tensor a is F8_E4M3, which is not read/],
    ["offsets that do not fit the shape", file({ a: { ...entry, shape: [2] } }, four), /shape \[2\] cannot fill/],
    ["offsets backwards", file({ a: { ...entry, data_offsets: [4, 0] } }, four), /cannot fill bytes 4 to 0/],
    ["offsets beyond the end", file({ a: { ...entry, shape: [9], data_offsets: [0, 36] } }, four), /cut short/],
    ["a negative offset", file({ a: { ...entry, data_offsets: [-4, 0] } }, four), /describes tensor a wrongly/],
    ["a fractional side", file({ a: { ...entry, shape: [0.5, 2] } }, four), /describes tensor a wrongly/],
    ["an overlap", file({ a: entry, b: entry }, four), /tensor b overlaps/],
    ["a gap", file({ a: { ...entry, data_offsets: [4, 8] } }, new Uint8Array(8)), /bytes 0 to 4 belong to no tensor/],
    ["no entry", file({ a: 5 }, four), /describes tensor a wrongly/],
    ["metadata that are no strings", file({ __metadata__: { a: 1 }, a: entry }, four), /__metadata__ is not a map/],
  ];
  test.each(broken)("refuses %s, naming the file", (_, bytes, message) => {
    const path = join(temporaryFolder(), "broken.safetensors");
    writeFileSync(path, bytes);
    expect(() => readSafetensors(path)).toThrow(message);
    expect(() => readSafetensors(path)).toThrow(UserError);
    expect(() => readSafetensors(path)).toThrow(path);
  });

  test("refuses a missing file and a folder", () => {
    const folder = temporaryFolder();
    expect(() => readSafetensors(join(folder, "none.safetensors"))).toThrow(/none.safetensors does not exist/);
    expect(() => readSafetensors(folder)).toThrow(UserError);
  });
});
