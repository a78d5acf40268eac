import { describe, expect, it } from "vitest";
import { chosenClass } from "../../../src/core/classes/chosenClass.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";

const model = (num_classes: number) =>
  experimentSchema.parse({ data: { path: ".", labels: "folders" }, model: { num_classes } });
const PETS = ["cat", "dog", "guinea pig"];

describe("the class of samples", () => {
  it("is chosen by name or by number", () => {
    expect(chosenClass(model(4), PETS, "dog")).toBe(1);
    expect(chosenClass(model(4), PETS, "2")).toBe(2);
    // The model may have more classes than were named.
    expect(chosenClass(model(4), PETS, "3")).toBe(3);
    expect(chosenClass(model(4), null, "3")).toBe(3);
  });

  it("is that of the name where names are numbers", () => {
    expect(chosenClass(model(3), ["1", "2", "10"], "2")).toBe(1);
    expect(chosenClass(model(3), ["1", "2", "10"], "10")).toBe(2);
    expect(chosenClass(model(3), ["1", "2", "10"], "0")).toBe(0);
  });

  it("is asked for again with near names where there is none", () => {
    expect(() => chosenClass(model(3), PETS, "Dgo")).toThrow(
      /no class has this name; .* 0 to 2\. Did you mean "dog"\?/,
    );
    expect(() => chosenClass(model(3), PETS, "pig")).toThrow(/Did you mean "guinea pig"\?/);
    expect(() => chosenClass(model(3), PETS, "zebra")).toThrow(/Among them: "cat", "dog", "guinea pig"\./);
    expect(() => chosenClass(model(3), PETS, "3")).toThrow(/no class has this name or number/);
    expect(() => chosenClass(model(3), PETS, "-1")).toThrow(/no class has this name;/);
    expect(() => chosenClass(model(3), null, "cat")).toThrow(/names they have is not recorded/);
    expect(() => chosenClass(model(3), null, "3")).toThrow("--label 3: the model has the classes 0 to 2.");
    expect(() => chosenClass(model(0), null, "0")).toThrow(/not class-conditional/);
  });
});
