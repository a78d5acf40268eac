/**
 * Files that torch.save writes (since PyTorch 1.6): a zip archive without compression of a pickle, `NAME/data.pkl`, and of the tensors'
 * storages, `NAME/data/0` and so on. The pickle names a few functions and classes of PyTorch, which are known here by name alone.
 */
import { Damage } from "../damage.ts";
import { asFloats, countOf, ELEMENT_BYTES, type ElementKind, type StoredTensor } from "../model/storedTensor.ts";
import { isMade, type Made, type PickleMap, type PickleValue, readPickle, type Vocabulary } from "./pickle.ts";
import { type ReadAt, type ZipEntry, zipEntries } from "./zip.ts";

/** Far above the pickle of any weights: it holds names and shapes, not values. */
const LARGEST_PICKLE = 64 * 2 ** 20;

/** PyTorch's own limit. */
const MOST_AXES = 64;

const STORAGES: Readonly<Record<string, ElementKind>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** A name of the file that stands for nothing but itself. */
class Name implements Made {
  constructor(readonly made: string) {}
}

/** Numbers of one kind in a row. */
class Storage implements Made {
  readonly made = "storage";
  constructor(
    readonly kind: ElementKind,
    readonly elements: number,
    private readonly entry: ZipEntry,
    private readonly readAt: ReadAt,
  ) {}

  /** @param from, count in elements */
  read(from: number, count: number): Float32Array {
    const size = ELEMENT_BYTES[this.kind];
    return asFloats(this.kind, this.readAt(this.entry.offset + from * size, count * size));
  }
}

/** A view of a storage. */
export class TorchTensor implements Made, StoredTensor {
  readonly made = "tensor";

  /** @throws Damage where it does not lie in its storage, or has more values than that */
  constructor(
    private readonly storage: Storage,
    private readonly offset: number,
    readonly shape: readonly number[],
    private readonly strides: readonly number[],
  ) {
    const count = countOf(shape);
    const isWhole = [offset, ...strides].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (!isWhole || strides.length !== shape.length) throw new Damage("a tensor has no places in its storage");
    if (count > storage.elements)
      throw new Damage(`a tensor of shape [${shape}] repeats the ${storage.elements} values it has; save its .clone()`);
    if (count > 0 && offset + this.reach >= storage.elements) throw new Damage("a tensor reaches beyond its storage");
  }

  /** From the first element to the last. */
  private get reach(): number {
    return this.shape.reduce((sum, size, axis) => sum + (size - 1) * this.strides[axis]!, 0);
  }

  read(): Float32Array {
    const count = countOf(this.shape);
    if (count === 0) return new Float32Array(0);
    const values = this.storage.read(this.offset, this.reach + 1);
    if (this.isContiguous()) return values;
    const out = new Float32Array(count);
    const { shape, strides } = this;
    const index = new Array<number>(shape.length).fill(0);
    let at = 0;
    for (let i = 0; i < count; i++) {
      out[i] = values[at]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        at -= shape[axis]! * strides[axis]!;
        index[axis] = 0;
      }
    }
    return out;
  }

  private isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis]! > 1 && this.strides[axis] !== expected) return false;
      expected *= this.shape[axis]!;
    }
    return true;
  }
}

/**
 * @param readAt bytes of the file
 * @returns what was saved: containers, texts, numbers and tensors, whose values are read when they are asked for
 * @throws Damage where it is no such file, or holds anything else
 */
export function readTorchFile(readAt: ReadAt, fileBytes: number): PickleValue {
  const entries = zipEntries(readAt, fileBytes);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new Damage("it is a zip archive, but none of torch.save: it has no data.pkl");
  const root = pickle.slice(0, -"data.pkl".length);
  if (names.some((name) => name.startsWith(`${root}code/`)))
    throw new Damage(
      "it is a TorchScript program, not weights; save them with torch.save(torch.jit.load(FILE).state_dict(), ANOTHER)",
    );
  const text = (name: string): string | null => {
    const entry = entries.get(root + name);
    return entry === undefined || entry.bytes > 100
      ? null
      : new TextDecoder().decode(readAt(entry.offset, entry.bytes));
  };
  if (text("byteorder") === "big")
    throw new Damage("its numbers are big-endian; load and save it on a little-endian machine");
  const { offset, bytes } = entries.get(pickle)!;
  if (bytes > LARGEST_PICKLE) throw new Damage("its data.pkl is larger than that of any weights");
  return readPickle(readAt(offset, bytes), new TorchVocabulary(entries, `${root}data/`, readAt));
}

class TorchVocabulary implements Vocabulary {
  private readonly storages = new Map<string, Storage>();

  constructor(
    private readonly entries: ReadonlyMap<string, ZipEntry>,
    private readonly folder: string,
    private readonly readAt: ReadAt,
  ) {}

  private readonly calls: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
    "collections.OrderedDict": emptyMap,
    "argparse.Namespace": emptyMap,
    "builtins.set": ([items]) => (Array.isArray(items) ? items : []),
    "__builtin__.set": ([items]) => (Array.isArray(items) ? items : []),
    "torch.Size": ([sizes]) => (Array.isArray(sizes) ? sizes : []),
    "torch.device": ([name]) => (typeof name === "string" ? name : null),
    "torch._utils._rebuild_tensor_v2": ([storage, offset, shape, strides]) =>
      new TorchTensor(requireStorage(storage), Number(offset), numbers(shape), numbers(strides)),
    "torch._utils._rebuild_parameter": ([tensor]) => tensor ?? null,
  };

  global(name: string): Made {
    if (!Object.hasOwn(this.calls, name) && !Object.hasOwn(STORAGES, name) && !/^torch\.(b?float|u?int)\d+$/.test(name))
      throw new Damage(
        `it names ${JSON.stringify(name.slice(0, 100))}, which is neither a tensor nor a plain container, so it is not read any further. ` +
          "Save the weights alone: torch.save(model.state_dict(), FILE)",
      );
    return new Name(name);
  }

  call({ made }: Made, args: readonly PickleValue[]): PickleValue {
    if (!Object.hasOwn(this.calls, made)) throw new Damage(`it calls ${made}, which is no function`);
    return this.calls[made]!(args);
  }

  /** An OrderedDict of weights bears versions of modules, a Namespace options of a program, which say nothing here. */
  build(target: PickleValue): void {
    if (!(target instanceof Map)) throw new Damage("it sets attributes of what has none");
  }

  persistent(id: PickleValue): PickleValue {
    const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
    if (kind !== "storage" || !isMade(type) || typeof key !== "string" || typeof elements !== "number")
      throw new Damage("it refers to something that is no storage");
    const known = this.storages.get(key);
    if (known !== undefined) return known;
    const elementKind = STORAGES[type.made];
    if (elementKind === undefined) throw new Damage(`it refers to a storage of kind ${type.made}`);
    const entry = this.entries.get(this.folder + key);
    if (entry === undefined) throw new Damage(`its storage ${key.slice(0, 40)} is missing`);
    if (entry.bytes !== elements * ELEMENT_BYTES[elementKind])
      throw new Damage(`its storage ${key} holds ${entry.bytes} bytes, not ${elements} values of ${elementKind}`);
    const storage = new Storage(elementKind, elements, entry, this.readAt);
    this.storages.set(key, storage);
    return storage;
  }
}

function requireStorage(value: PickleValue | undefined): Storage {
  if (value instanceof Storage) return value;
  throw new Damage("a tensor has no storage");
}

/** Items that were handed over here would be copied as often as a file likes; Python adds them afterwards. */
function emptyMap(args: readonly PickleValue[]): PickleMap {
  if (args.length > 0) throw new Damage("it makes a dict of items, as torch.save never does");
  return new Map();
}

function numbers(value: PickleValue | undefined): number[] {
  if (Array.isArray(value) && value.length <= MOST_AXES && value.every((item) => typeof item === "number"))
    return value as number[];
  throw new Damage("a tensor has no shape");
}
