import { describe, expect, it } from "vitest";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { withoutPrefix } from "../../../src/core/model/prefixedWeights.ts";
import { METHOD_CHOICES } from "../../../src/core/model/shape.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";

const SHAPE = {
  ...METHOD_CHOICES,
  imageSize: 8,
  channels: 3,
  patchSize: 4,
  embedDim: 8,
  depth: 5,
  numHeads: 2,
  mlpRatio: 2,
} as const;
const OWN = parameterSpecs(SHAPE).map(({ name }) => name);
const own = new Set(OWN);

function tensors(...names: readonly string[]): Map<string, NamedTensor> {
  return new Map(names.map((name) => [name, { name, shape: [1], data: Float32Array.of(1) }]));
}

const under = (prefix: string): string[] => OWN.map((name) => prefix + name);

describe("a prefix of all names", () => {
  it.each(["module.", "_orig_mod.", "model.", "ema_model.", "module._orig_mod."])("%s is left off", (prefix) => {
    const { tensors: named, note } = withoutPrefix(tensors(...under(prefix)), own, "a.safetensors");
    expect([...named.keys()]).toEqual(OWN);
    expect([...named.values()].map(({ name }) => name)).toEqual(OWN);
    expect(note).toBe(`the names in a.safetensors begin with "${prefix}", which is left off`);
  });

  it("is left off weights of another depth as well, so that the message names what differs", () => {
    for (const depth of [3, 13]) {
      const others = parameterSpecs({ ...SHAPE, depth }).map(({ name }) => name);
      const given = tensors(...others.map((name) => `module.${name}`));
      expect([...withoutPrefix(given, own, "a").tensors.keys()]).toEqual(others);
    }
  });

  it("leaves what stands beside it as it is", () => {
    const { tensors: named } = withoutPrefix(tensors(...under("model."), "betas"), own, "a");
    expect([...named.keys()]).toEqual([...OWN, "betas"]);
  });
});

describe("nothing is left off", () => {
  it("the model's own names, whatever else is there", () => {
    for (const given of [tensors(...OWN), tensors(...OWN, ...under("ema_model.")), tensors(OWN[0]!, "module.x")])
      expect(withoutPrefix(given, own, "a")).toEqual({ tensors: given, note: null });
  });

  it("names of another network", () => {
    const given = tensors("module.conv1.weight", "module.conv1.bias", `other.${OWN[3]}`);
    expect(withoutPrefix(given, own, "a").tensors).toBe(given);
  });
});

it("a file of several networks is refused in one line that names their prefixes", () => {
  const given = tensors(...under("online_model."), ...under("ema_model."));
  expect(() => withoutPrefix(given, own, "a.safetensors")).toThrow(
    /^a.safetensors holds 2 networks, with names that begin with "online_model.", "ema_model."\. Save .*$/,
  );
});
