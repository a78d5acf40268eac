/** Files of torch.save: what is read of them, and that nothing is ever done that a file asks for. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openWeights } from "../../../src/trainer/import/weightsFile.ts";
import { findPython } from "../../python/findPython.ts";
import { runPython } from "../../python/runPython.ts";
import { dict, floats, join, op, pickle, storage, tensor, text, torchFile, tuple, u32, zip } from "./torchBytes.ts";

const folder = mkdtempSync(path.join(tmpdir(), "maskdm-torch-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;

function read(bytes: Uint8Array) {
  const file = path.join(folder, `${number++}.pt`);
  writeFileSync(file, bytes);
  const opened = openWeights(file);
  try {
    const tensors = [...opened.tensors].map(([name, tensor]) => [name, [...tensor.shape], [...tensor.read()]] as const);
    return { tensors, plain: Object.fromEntries(opened.plain) };
  } finally {
    opened.close();
  }
}

const six = { "0": floats(1, 2, 3, 4, 5, 6) };
const row = { shape: [6], strides: [1] };

describe("what is read", () => {
  it("containers, numbers, texts, and tensors by their places in storages", () => {
    const transposed = tensor(storage("0", 6), { shape: [3, 2], strides: [1, 3] });
    const part = tensor(storage("0", 6), { offset: 2, shape: [2, 2], strides: [2, 1] });
    const data = pickle(
      dict({
        step: op.int(7),
        net: dict({ whole: tensor(storage("0", 6), row), transposed, part }),
        name: op.unicode("a"),
      }),
    );
    expect(read(torchFile(data, six))).toEqual({
      tensors: [
        ["net.whole", [6], [1, 2, 3, 4, 5, 6]],
        ["net.transposed", [3, 2], [1, 4, 2, 5, 3, 6]],
        ["net.part", [2, 2], [3, 4, 5, 6]],
      ],
      plain: { step: 7, name: "a" },
    });
  });

  it("scalars and empty tensors", () => {
    const data = pickle(
      dict({
        a: tensor(storage("0", 6), { offset: 5, shape: [], strides: [] }),
        b: tensor(storage("0", 6), { shape: [0, 3], strides: [3, 1] }),
      }),
    );
    expect(read(torchFile(data, six)).tensors).toEqual([
      ["a", [], [6]],
      ["b", [0, 3], []],
    ]);
  });

  it.each([
    ["torch.HalfStorage", [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x80], [1, -2, 2 ** -24, 65504, -0]],
    ["torch.BFloat16Storage", [0x80, 0x3f, 0x40, 0xc0], [1, -3]],
    ["torch.DoubleStorage", [...new Uint8Array(Float64Array.of(0.1).buffer)], [Math.fround(0.1)]],
    ["torch.LongStorage", [...u32(5), ...u32(0), ...u32(0xffffffff), ...u32(0xffffffff)], [5, -1]],
    ["torch.BoolStorage", [1, 0], [1, 0]],
  ])("numbers of %s", (kind, bytes, values) => {
    const size = bytes.length / values.length;
    const elements = bytes.length / size;
    const data = pickle(dict({ a: tensor(storage("0", elements, kind), { shape: [elements], strides: [1] }) }));
    expect(read(torchFile(data, { "0": Uint8Array.from(bytes) })).tensors).toEqual([["a", [elements], values]]);
  });

  it("what contains itself", () => {
    const data = pickle(
      op.emptyDict,
      op.put(1),
      op.unicode("self"),
      op.get(1),
      op.setItem,
      op.unicode("n"),
      op.int(3),
      op.setItem,
    );
    expect(read(torchFile(data)).plain).toMatchObject({ n: 3, "self.n": 3 });
    const list = pickle(dict({ a: join(op.emptyList, op.put(1), op.get(1), op.append), n: op.int(3) }));
    expect(read(torchFile(list)).plain).toEqual({ n: 3 });
  });

  it("attributes of objects say nothing", () => {
    const options = join(
      op.global("argparse.Namespace"),
      op.emptyTuple,
      op.reduce,
      dict({ step: op.int(9) }),
      op.build,
    );
    expect(read(torchFile(pickle(dict({ n: op.int(3), args: options })))).plain).toEqual({ n: 3 });
  });

  it("tuples of tuples of tuples, which written out would fill any memory, take no more than their bytes", () => {
    const doubled = Array.from({ length: 5000 }, () => join(op.dup, [0x86])); // TUPLE2 of a value and itself
    expect(read(torchFile(pickle(dict({ n: op.int(3), a: join(op.int(1), ...doubled) })))).plain).toEqual({ n: 3 });
  });
});

describe("refused, and nothing is done", () => {
  const victim = path.join(folder, "written by a pickle");
  const call = (name: string, ...args: Uint8Array[]) => torchFile(pickle(op.global(name), tuple(...args), op.reduce));
  it.each([
    [
      "opening a file",
      call("builtins.open", op.unicode(victim), op.unicode("w")),
      /names "builtins\.open", which is neither a tensor/,
    ],
    ["a shell", call("posix.system", op.unicode(`touch '${victim}'`)), /names "posix\.system"/],
    ["evaluating", call("builtins.eval", op.unicode(`open(${JSON.stringify(victim)}, "w")`)), /names "builtins\.eval"/],
    [
      "getattr of what is known",
      call("builtins.getattr", op.global("collections.OrderedDict"), op.unicode("x")),
      /names "builtins\.getattr"/,
    ],
    ["another function of PyTorch", call("torch.hub.load", op.unicode("a")), /names "torch\.hub\.load"/],
    ["a class of one's own", call("__main__.Net"), /names "__main__\.Net".*torch\.save\(model\.state_dict\(\), FILE\)/],
    ["properties of every object", call("object.__proto__"), /names "object\.__proto__"/],
    [
      "calling a storage",
      torchFile(pickle(op.global("torch.FloatStorage"), op.emptyTuple, op.reduce)),
      /calls torch\.FloatStorage/,
    ],
    [
      "a dict of items, which are copied each time",
      torchFile(pickle(op.global("collections.OrderedDict"), tuple(op.emptyList), op.reduce)),
      /makes a dict of items/,
    ],
    ["setting attributes", torchFile(pickle(op.int(1), op.emptyDict, op.build)), /sets attributes of what has none/],
    ["INST", torchFile(pickle(op.mark, [0x69], text("posix\nsystem\n"))), /holds INST at/],
    ["OBJ", torchFile(pickle(op.mark, op.global("collections.OrderedDict"), [0x6f])), /holds OBJ at/],
    ["an extension", torchFile(pickle([0x82, 1])), /holds EXT1 at/],
    ["a text of protocol 0", torchFile(pickle([0x53], text("'a'\n"))), /holds STRING at/],
    ["an opcode that is none", torchFile(pickle([0xff])), /holds the byte 0xff at/],
    ["a protocol to come", torchFile(join(op.proto(9), op.stop)), /protocol 9/],
    ["a persistent id of another kind", torchFile(pickle(op.unicode("a"), op.persistent)), /no storage/],
    ["a storage of another kind", torchFile(pickle(storage("0", 6, "torch.Size")), six), /storage of kind torch\.Size/],
  ])("%s", (_, bytes, why) => {
    expect(() => read(bytes)).toThrow(why);
    expect(existsSync(victim)).toBe(false);
  });

  it("a pickle that Python made to write a file when it is loaded", (test) => {
    const python = findPython();
    if (!python.found) return test.skip(python.reason);
    const written = path.join(folder, "hostile.pt");
    runPython(python.command, "hostile_pickle.py", { victim, file: written });
    expect(() => openWeights(written)).toThrow(/cannot be imported: it names "(io|_io|builtins)\.open"/);
    expect(existsSync(victim)).toBe(false);
  });
});

describe("damaged, or made to fill memory", () => {
  const whole = torchFile(pickle(dict({ a: tensor(storage("0", 6), row) })), six);
  it.each(Array.from({ length: 40 }, (_, i) => Math.floor((whole.length * i) / 40)))(
    "cut off after %d bytes",
    (length) => {
      expect(() => read(whole.subarray(0, length))).toThrow(/cannot be imported/);
    },
  );

  it("any byte of it changed is read, or refused, but never more", () => {
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at] = changed[at]! ^ 0x5a;
      try {
        read(changed);
      } catch (error) {
        expect((error as Error).constructor.name, `byte ${at}: ${error}`).toBe("UserError");
      }
    }
  });

  const view = (shape: readonly number[], strides: readonly number[], offset = 0, elements = 6) =>
    torchFile(pickle(dict({ a: tensor(storage("0", elements), { shape, strides, offset }) })), six);
  it.each([
    ["a text of 4 GB", torchFile(pickle([0x58], u32(0xffffffff))), /pickle was cut short/],
    ["a number of 4 GB", torchFile(pickle([0x8b], u32(0xfffffff0))), /pickle was cut short/],
    ["bytes of 2^60", torchFile(pickle([0x8e, 0, 0, 0, 0, 0, 0, 0, 0x10])), /pickle was cut short/],
    ["no end", torchFile(join(op.proto(2), op.emptyDict)), /pickle was cut short/],
    ["nothing on the stack", torchFile(pickle()), /takes a value where there is none/],
    ["a mark as the value", torchFile(pickle(op.mark)), /takes a value where there is none/],
    ["a container without a mark", torchFile(pickle(op.tuple)), /did not begin/],
    ["a value that was not put aside", torchFile(pickle([0x6a], u32(0xfffffff0))), /takes up value 4294967280/],
    ["a tensor that repeats one value", view([2 ** 30, 2 ** 30], [0, 0]), /a tensor has the shape|repeats/],
    ["a tensor of more values than there are", view([100], [0]), /repeats the 6 values/],
    ["a tensor beyond its storage", view([6], [1], 1), /reaches beyond its storage/],
    ["strides beyond it", view([2, 2], [1, 100]), /reaches beyond its storage/],
    ["a negative size", view([-1], [1]), /has the shape/],
    ["a tensor of very many axes", view(new Array(65).fill(1), new Array(65).fill(1)), /has no shape/],
    ["a storage of another size", view([6], [1], 0, 2 ** 28), /holds 24 bytes, not 268435456 values/],
    ["a storage that is not there", torchFile(pickle(storage("9", 6)), six), /its storage 9 is missing/],
    [
      "a compressed entry",
      torchFile(pickle(op.none), {}, { "archive/data/0": { bytes: floats(1), method: 8 } }),
      /compressed, as torch\.save never does/,
    ],
    [
      "an encrypted entry",
      torchFile(pickle(op.none), {}, { "archive/data/0": { bytes: floats(1), flags: 1 } }),
      /encrypted/,
    ],
    [
      "an entry larger than the file",
      torchFile(pickle(op.none), {}, { "archive/data/0": { bytes: floats(1), size: 2 ** 31 } }),
      /cut short/,
    ],
    ["an archive of something else", zip({ "a.txt": text("a") }), /has no data\.pkl/],
    ["a program of TorchScript", torchFile(pickle(op.none), {}, { "archive/code/a.py": text("") }), /TorchScript/],
    ["big-endian numbers", torchFile(pickle(op.none), {}, { "archive/byteorder": text("big") }), /big-endian/],
    ["a bare pickle, or the format before PyTorch 1.6", pickle(op.none), /PyTorch before 1\.6.*Save it again/],
    ["something else", text("hello"), /neither a file of torch\.save/],
    ["nothing", new Uint8Array(), /neither a file of torch\.save/],
  ])("%s", (_, bytes, why) => {
    expect(() => read(bytes)).toThrow(why);
  });

  it("dicts of the same dict, which written out would be millions, are no weights", () => {
    const level = (inner: Uint8Array, index: number): Uint8Array =>
      join(
        op.emptyDict,
        ...[op.unicode("0"), inner, op.put(index), op.setItem],
        ...Array.from({ length: 20 }, (_, i) => join(op.unicode(`k${i}`), op.get(index), op.setItem)),
      );
    const data = [1, 2, 3, 4, 5].reduce(level, dict({ n: op.int(3) }));
    expect(() => read(torchFile(pickle(data)))).toThrow(/comes to more than 200000 values/);
  });

  it("many tensors of one large storage are not all read", () => {
    const elements = 2 ** 19;
    const views = Object.fromEntries(
      Array.from({ length: 32 }, (_, i) => [
        `t${i}`,
        tensor(storage("0", elements), { shape: [elements], strides: [1] }),
      ]),
    );
    const bytes = torchFile(pickle(dict(views)), { "0": new Uint8Array(4 * elements) });
    expect(() => read(bytes)).toThrow(/share values, and come to many times its size/);
  });
});
