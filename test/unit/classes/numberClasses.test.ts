import { describe, expect, it } from "vitest";
import { compareClassNames } from "../../../src/core/classes/classOrder.ts";
import { classList, classNotes, refusedClasses } from "../../../src/core/classes/classText.ts";
import { type ClassRequest, type KnownClasses, numberClasses } from "../../../src/core/classes/numberClasses.ts";

const COLOURS = ["blue", "green", "red"];
const finetune: KnownClasses = { of: "three", names: COLOURS, use: "finetune" };
const resume: KnownClasses = { of: "three", names: COLOURS, use: "resume", otherClasses: "maskdm finetune f --from r" };

const request = (folders: readonly string[], known: KnownClasses | null, numClasses = 3): ClassRequest => ({
  folders,
  numClasses,
  known,
});

function numbered(folders: readonly string[], known: KnownClasses | null, numClasses = 3) {
  const numbers = numberClasses(request(folders, known, numClasses));
  if (!numbers.ok) throw new Error(`refused: ${numbers.why}`);
  return numbers;
}

function refused(folders: readonly string[], known: KnownClasses | null, numClasses = 3) {
  const asked = request(folders, known, numClasses);
  const numbers = numberClasses(asked);
  if (numbers.ok) throw new Error(`not refused: ${numbers.names.join()}`);
  return { ...numbers, text: refusedClasses(asked, numbers) };
}

describe("the order of class names", () => {
  const sorted = (...names: string[]) => names.sort(compareClassNames);

  it("is that of whole numbers by value, then of bytes", () => {
    expect(sorted("100", "10", "2", "1")).toEqual(["1", "2", "10", "100"]);
    expect(sorted("cat", "Zebra", "10", "9", "-1", "1.5", "2nd")).toEqual([
      "9",
      "10",
      "-1",
      "1.5",
      "2nd",
      "Zebra",
      "cat",
    ]);
  });

  it("tells apart numbers that are equal, and such of any length", () => {
    expect(sorted("1", "01", "001", "0", "00")).toEqual(["0", "00", "001", "01", "1"]);
    expect(sorted("90071992547409930", "90071992547409929", "9")).toEqual([
      "9",
      "90071992547409929",
      "90071992547409930",
    ]);
  });

  it("of two names does not depend on others", () => {
    const with_ = sorted("10", "2", "other", "1");
    expect(with_.filter((name) => name !== "other")).toEqual(sorted("10", "2", "1"));
  });
});

describe("numbers of classes", () => {
  it("are the order of the folders for new weights", () => {
    expect(numbered(["red", "10", "9"], null)).toMatchObject({ names: ["9", "10", "red"], isShifted: false });
  });

  it("stay with their names where folders are missing, and where others come", () => {
    for (const known of [finetune, resume]) {
      expect(numbered(["red", "green"], known)).toEqual({
        ok: true,
        names: COLOURS,
        missing: ["blue"],
        added: [],
        isShifted: true,
      });
      expect(numbered(["amber", ...COLOURS], known, 5)).toMatchObject({
        names: [...COLOURS, "amber"],
        added: ["amber"],
        isShifted: true,
      });
      expect(numbered(COLOURS, known)).toMatchObject({ names: COLOURS, missing: [], added: [], isShifted: false });
    }
  });

  it("are refused where the model has no number left for a new class, with the mapping and a remedy", () => {
    const { why, text } = refused(["amber", "green", "red"], finetune);
    expect(why).toBe("full");
    expect(text).toContain(
      '"amber" is not among the classes of three, and model.num_classes 3 leaves no number for it',
    );
    expect(text).toContain('"blue" 0 → no folder, "green" 1 → 1, "red" 2 → 2, "amber" none → 0');
    expect(text).toContain("finetune.classes: new");
    expect(refused([...COLOURS, "x", "y"], resume, 4).text).toContain('"x", "y" are not among the classes');
  });

  it("are refused where a run goes on with a folder gone and another one come, which looks like a new name", () => {
    const { why, text } = refused(["zblue", "green", "red"], resume, 9);
    expect(why).toBe("renamed");
    expect(text).toContain('"blue" is gone and "zblue" has come');
    expect(text).toContain('"blue" 0 → no folder, "green" 1 → 0, "red" 2 → 1, "zblue" none → 2');
    expect(text).toMatch(/Give the folders their names back.* a run of their own: maskdm finetune f --from r$/);
    // In another run they may well be other classes.
    expect(numbered(["zblue", "green", "red"], finetune, 9).names).toEqual([...COLOURS, "zblue"]);
  });

  it("are refused for more classes than the model has, whatever is known", () => {
    expect(refused([...COLOURS, "amber"], null).text).toBe(
      "The images lie in 4 folders, one for each class, but model.num_classes is 3. Use num_classes 4.",
    );
    expect(refused([...COLOURS, "amber"], { ...finetune, names: null }).text).toContain("Use num_classes 4.");
  });

  it("of weights that do not record names are by bytes, as they were numbered then", () => {
    const known = { ...finetune, names: null };
    const numbers = numbered(["1", "2", "10"], known);
    expect(numbers.names).toEqual(["1", "10", "2"]);
    expect(classNotes({ known }, numbers)).toEqual([
      'three does not say which class has which number; by the bytes of their names: 0 "1", 1 "10", 2 "2"',
    ]);
  });
});

describe("what is said of classes", () => {
  it("names those that keep their numbers, are missing, and are new", () => {
    const folders = ["yellow", "green", "red"];
    expect(classNotes({ known: finetune }, numbered(folders, finetune, 9))).toEqual([
      'classes as in three, whatever the order of the folders: 1 "green", 2 "red"',
      'classes of three without images here: 0 "blue"',
      'classes that three does not know: 3 "yellow"',
    ]);
    expect(classNotes({ known: null }, numbered(COLOURS, null))).toEqual(['classes: 0 "blue", 1 "green", 2 "red"']);
  });

  it("stays short where there are very many", () => {
    const names = Array.from({ length: 1000 }, (_, i) => `n${String(i).padStart(4, "0")}`);
    expect(classList(names)).toMatch(/^0 "n0000", .*19 "n0019" and 980 more$/);
    const { text } = refused([...names.slice(0, 999), "new"], { ...resume, names }, 1000);
    // Those that are as they were are left out.
    expect(text).toContain('"n0999" 999 → no folder, "new" none → 999');
    expect(text.length).toBeLessThan(600);
  });

  it("leaves no control character in a name as it is", () => {
    expect(classList(["a\u001b[31mb"])).toBe('0 "a\\u001b[31mb"');
  });
});
