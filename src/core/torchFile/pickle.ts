/**
 * Reads pickles (Python's pickletools documents the format) as data: containers, texts and numbers become plain values, and nothing is
 * ever called, imported or looked up. What a file names besides is asked of a vocabulary; what that does not know is refused by name.
 * Memory and time are bounded by the length of the file: every value is made by some of its bytes, and values are shared, not copied.
 */
import { Damage } from "../damage.ts";

/** Values that a vocabulary makes. */
export interface Made {
  readonly made: string;
}

/** A tuple is a list, a set is one, too; bytes stay bytes. Values may contain themselves. */
export type PickleValue = null | boolean | number | string | Uint8Array | PickleValue[] | PickleMap | Made;
export type PickleMap = Map<PickleValue, PickleValue>;

/** What names and calls in a file stand for. All throw Damage where it is nothing. */
export interface Vocabulary {
  /** @param name dotted, with its module */
  global(name: string): Made;
  call(callee: Made, args: readonly PickleValue[]): PickleValue;
  /** has an object's attributes set, which are not kept */
  build(target: PickleValue): void;
  persistent(id: PickleValue): PickleValue;
}

/** Marks where the items of a container begin. */
const MARK = { made: "mark" };

/** Opcodes that would have something executed, come from protocols 0 and 1, or carry what no weights need. */
const REFUSED: Readonly<Record<number, string>> = {
  70: "FLOAT",
  73: "INT",
  76: "LONG",
  80: "PERSID",
  83: "STRING",
  84: "BINSTRING",
  85: "SHORT_BINSTRING",
  86: "UNICODE",
  103: "GET",
  105: "INST",
  111: "OBJ",
  112: "PUT",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  146: "NEWOBJ_EX",
  151: "NEXT_BUFFER",
  152: "READONLY_BUFFER",
};

const STOP = 46;
const NEWEST_PROTOCOL = 5;

/** @throws Damage where it is no pickle of plain containers and what the vocabulary knows */
export function readPickle(bytes: Uint8Array, vocabulary: Vocabulary): PickleValue {
  return new Machine(bytes, vocabulary).run();
}

class Machine {
  private readonly view: DataView;
  private readonly text = new TextDecoder("utf-8");
  private readonly stack: PickleValue[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly vocabulary: Vocabulary,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.byte();
      if (opcode === STOP) return this.pop();
      const execute = this.opcodes[opcode];
      if (execute === undefined) throw this.refused(opcode);
      execute();
    }
  }

  /** What is known. */
  private readonly opcodes: Readonly<Record<number, () => void>> = {
    128: () => this.protocol(), // PROTO
    149: () => this.advance(8), // FRAME: only says how much to read ahead
    78: () => this.push(null), // NONE
    136: () => this.push(true), // NEWTRUE
    137: () => this.push(false), // NEWFALSE
    75: () => this.push(this.byte()), // BININT1
    77: () => this.push(this.unsigned(2)), // BININT2
    74: () => this.push(this.view.getInt32(this.advance(4), true)), // BININT
    138: () => this.push(this.long(this.byte())), // LONG1
    139: () => this.push(this.long(this.unsigned(4))), // LONG4
    71: () => this.push(this.view.getFloat64(this.advance(8), false)), // BINFLOAT
    140: () => this.push(this.string(1)), // SHORT_BINUNICODE
    88: () => this.push(this.string(4)), // BINUNICODE
    141: () => this.push(this.string(8)), // BINUNICODE8
    67: () => this.push(this.take(this.unsigned(1))), // SHORT_BINBYTES
    66: () => this.push(this.take(this.unsigned(4))), // BINBYTES
    142: () => this.push(this.take(this.unsigned(8))), // BINBYTES8
    150: () => this.push(this.take(this.unsigned(8))), // BYTEARRAY8
    40: () => this.push(MARK), // MARK
    93: () => this.push([]), // EMPTY_LIST
    41: () => this.push([]), // EMPTY_TUPLE
    143: () => this.push([]), // EMPTY_SET
    108: () => this.push(this.popToMark()), // LIST
    116: () => this.push(this.popToMark()), // TUPLE
    145: () => this.push(this.popToMark()), // FROZENSET
    133: () => this.push(this.popMany(1)), // TUPLE1
    134: () => this.push(this.popMany(2)), // TUPLE2
    135: () => this.push(this.popMany(3)), // TUPLE3
    97: () => this.append(this.popMany(1)), // APPEND
    101: () => this.append(this.popToMark()), // APPENDS
    144: () => this.append(this.popToMark()), // ADDITEMS
    125: () => this.push(new Map()), // EMPTY_DICT
    100: () => this.dict(this.popToMark()), // DICT
    115: () => this.setItems(this.popMany(2)), // SETITEM
    117: () => this.setItems(this.popToMark()), // SETITEMS
    113: () => this.memo.set(this.unsigned(1), this.top()), // BINPUT
    114: () => this.memo.set(this.unsigned(4), this.top()), // LONG_BINPUT
    148: () => this.memo.set(this.memo.size, this.top()), // MEMOIZE
    104: () => this.recall(this.unsigned(1)), // BINGET
    106: () => this.recall(this.unsigned(4)), // LONG_BINGET
    48: () => this.pop(), // POP
    49: () => this.popToMark(), // POP_MARK
    50: () => this.push(this.top()), // DUP
    99: () => this.push(this.vocabulary.global(`${this.line()}.${this.line()}`)), // GLOBAL
    147: () => this.namedByTexts(this.popMany(2)), // STACK_GLOBAL
    82: () => this.call(this.popMany(2)), // REDUCE
    129: () => this.call(this.popMany(2)), // NEWOBJ
    98: () => this.build(), // BUILD
    81: () => this.push(this.vocabulary.persistent(this.pop())), // BINPERSID
  };

  private refused(opcode: number): Damage {
    const name = REFUSED[opcode] ?? `the byte 0x${opcode.toString(16).padStart(2, "0")}`;
    return new Damage(
      `its pickle holds ${name} at ${this.at - 1}, which files of weights do not; it is not read any further`,
    );
  }

  private protocol(): void {
    const protocol = this.byte();
    if (protocol > NEWEST_PROTOCOL)
      throw new Damage(`its pickle is of protocol ${protocol}; up to ${NEWEST_PROTOCOL} is known`);
  }

  private namedByTexts([module, name]: readonly PickleValue[]): void {
    if (typeof module !== "string" || typeof name !== "string") throw new Damage("it names something by no text");
    this.push(this.vocabulary.global(`${module}.${name}`));
  }

  private call([callee, args]: readonly PickleValue[]): void {
    if (!isMade(callee) || !Array.isArray(args)) throw new Damage("it makes something of what is no name");
    this.push(this.vocabulary.call(callee, args));
  }

  private build(): void {
    this.pop();
    this.vocabulary.build(this.top());
  }

  private dict(items: readonly PickleValue[]): void {
    this.push(new Map());
    this.setItems(items);
  }

  private push(value: PickleValue): void {
    this.stack.push(value);
  }

  private top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw new Damage("its pickle takes a value where there is none");
    return value;
  }

  private pop(): PickleValue {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  /** In the order in which they were pushed. */
  private popMany(count: number): PickleValue[] {
    const values = Array.from({ length: count }, () => this.pop());
    return values.reverse();
  }

  private popToMark(): PickleValue[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark === -1) throw new Damage("its pickle ends a container that it did not begin");
    const items = this.stack.splice(mark + 1);
    this.stack.pop();
    return items;
  }

  private append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Damage("its pickle adds items to what is no list");
    for (const item of items) list.push(item);
  }

  private setItems(items: readonly PickleValue[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0) throw new Damage("its pickle adds keys to what is no dict");
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
  }

  private recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new Damage(`its pickle takes up value ${index}, which it did not put aside`);
    this.push(value);
  }

  /** Passes over bytes. @returns where they begin */
  private advance(count: number): number {
    const start = this.at;
    if (count > this.bytes.length - start) throw new Damage("its pickle was cut short");
    this.at += count;
    return start;
  }

  private take(count: number): Uint8Array {
    const start = this.advance(count);
    return this.bytes.subarray(start, start + count);
  }

  private byte(): number {
    return this.bytes[this.advance(1)]!;
  }

  /** Little-endian; above 2^53 more than any file has bytes, however it is rounded. */
  private unsigned(bytes: number): number {
    return this.take(bytes).reduceRight((value, byte) => 256 * value + byte, 0);
  }

  /** Two's complement, little-endian; rounded above 2^53. */
  private long(bytes: number): number {
    const digits = this.take(bytes);
    const value = digits.reduceRight((sum, byte) => 256 * sum + byte, 0);
    return bytes > 0 && digits[bytes - 1]! >= 128 ? value - 256 ** bytes : value;
  }

  private string(lengthBytes: number): string {
    return this.text.decode(this.take(this.unsigned(lengthBytes)));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end === -1) throw new Damage("its pickle was cut short");
    const text = this.text.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }
}

export const isMade = (value: PickleValue | undefined): value is Made =>
  typeof value === "object" && value !== null && "made" in value && value !== MARK;
