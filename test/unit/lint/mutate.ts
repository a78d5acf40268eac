/** Seeded damage to experiment files, for fuzz tests. */

/** Small, fast and the same everywhere (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
type Mutation = (text: string, random: Random) => string;

/** What a slip of the hand, another tool or ill will may put into a file. */
const TOKENS = [
  ...["\t", "\r", "\r\n", "\n", " ", "  ", "\u00a0", "\ufeff", "\u2028", "\0", "\x07", "\u{1f600}", "\ud800"],
  ...[
    ":",
    ": ",
    "::",
    "-",
    "- ",
    "---\n",
    "...\n",
    "? ",
    "#",
    " #",
    "'",
    '"',
    "|",
    ">",
    "|2-\n",
    "%YAML 1.1\n",
    "@",
    "`",
  ],
  ...["{", "}", "[", "]", ",", "{{", "[[[[", "!", "!!int ", "!!binary ", "&a ", "*a", "&a *a", "<<: *a", "<<: ", "*"],
  ...[
    "null",
    "~",
    "true",
    "yes",
    "No",
    ".nan",
    ".inf",
    "-.inf",
    "0x10",
    "0o17",
    "1_000",
    "1e400",
    "-0",
    "1e-400",
    "12:30:45",
  ],
  ...[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "16",
    "0.999999",
    "0.1",
    "1e9",
    "65536",
    "9007199254740993",
    "0.0039",
    "200k",
    "50%",
  ],
  ...["__proto__", "constructor", "data", "model:", "mask:", "block", "crop", "none", "auto", '"64"', "2026-01-31"],
];

/** Values that some key takes. */
const PLAUSIBLE = [
  ...[
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "12",
    "16",
    "31",
    "32",
    "48",
    "64",
    "96",
    "100",
    "128",
    "255",
    "256",
    "512",
  ],
  ...[
    "0.001",
    "0.01",
    "0.1",
    "0.25",
    "0.5",
    "0.75",
    "0.9",
    "0.99",
    "0.999",
    "0.9999",
    "1e-8",
    "2e-4",
    "1e-2",
    "[0.9, 0.99]",
  ],
  ...[
    "patch",
    "block",
    "stratified",
    "crop",
    "none",
    "drop",
    "route",
    "fuse",
    "cosine",
    "linear",
    "auto",
    "null",
    "true",
    "false",
    "folders",
    "ancestral",
    "min_snr",
  ],
];

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  (text, random) => insert(text, pick(TOKENS, random), random),
  (text, random) => insert(text, pick(TOKENS, random), random),
  (text, random) => replaceValue(text, random, TOKENS),
  (text, random) => replaceValue(text, random, TOKENS),
  (text, random) => replaceValue(text, random, PLAUSIBLE),
  (text, random) => replaceValue(text, random, PLAUSIBLE),
  (text, random) => replaceValue(text, random, PLAUSIBLE),
  (text, random) => replaceValue(text, random, PLAUSIBLE),
  (text, random) => replaceValue(text, random, PLAUSIBLE),
  (text, random) => replaceValue(text, random, PLAUSIBLE),
  swapValues,
  (text, random) => lines(text, random, (all, i) => all.splice(i, 1)),
  (text, random) => lines(text, random, (all, i) => all.splice(i, 0, all[i]!)),
  (text, random) => lines(text, random, (all, i) => all.push(...all.splice(i, 1))),
  (text, random) =>
    lines(text, random, (all, i) => {
      all[i] = " ".repeat(Math.floor(random() * 6)) + all[i]!.trimStart();
    }),
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text, random) => {
    const at = Math.floor(random() * text.length);
    return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 4));
  },
  swapCharacters,
  (text, random) => text + text.slice(Math.floor(random() * text.length)),
];

/** The text after one to four mutations, mostly one; the same seed gives the same. */
export function mutate(text: string, seed: number): string {
  const random = seededRandom(seed);
  let result = text;
  for (let left = 1 + Math.floor(random() ** 2 * 4); left > 0; left--) result = pick(MUTATIONS, random)(result, random);
  return result;
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)]!;
}

function insert(text: string, token: string, random: Random): string {
  const at = Math.floor(random() * (text.length + 1));
  return text.slice(0, at) + token + text.slice(at);
}

/** One bit of the file's UTF-8, read back as a reader of files would. */
function flipBit(text: string, random: Random): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length === 0) return text;
  const at = Math.floor(random() * bytes.length);
  bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
  return bytes.toString("utf8");
}

function lines(text: string, random: Random, change: (all: string[], at: number) => void): string {
  const all = text.split("\n");
  change(all, Math.floor(random() * all.length));
  return all.join("\n");
}

const VALUE = /(?<=: )[^\s#{}[\],][^\n#,}\]]*/g;

function replaceValue(text: string, random: Random, by: readonly string[]): string {
  const values = [...text.matchAll(VALUE)];
  if (values.length === 0) return text;
  const value = pick(values, random);
  return text.slice(0, value.index) + pick(by, random) + text.slice(value.index + value[0].length);
}

function swapValues(text: string, random: Random): string {
  const values = [...text.matchAll(VALUE)];
  if (values.length < 2) return text;
  const [a, b] = [pick(values, random), pick(values, random)].sort((x, y) => x.index - y.index) as [
    RegExpExecArray,
    RegExpExecArray,
  ];
  if (a.index === b.index) return text;
  const between = text.slice(a.index + a[0].length, b.index);
  return text.slice(0, a.index) + b[0] + between + a[0] + text.slice(b.index + b[0].length);
}

function swapCharacters(text: string, random: Random): string {
  if (text.length < 2) return text;
  const at = Math.floor(random() * (text.length - 1));
  return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
}
