import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import { emitOnnx } from "../../../src/trainer/engine/onnx/emit.ts";
import { runInPlace } from "../../../src/trainer/engine/onnx/inPlace.ts";
import { createSession } from "../../../src/trainer/engine/onnx/session.ts";

const array = (...values: number[]) => new ort.Tensor("float32", Float32Array.from(values), [values.length]);

describe("results of ONNX Runtime in place", () => {
  let session: ort.InferenceSession;

  beforeAll(async () => {
    const g = new GraphBuilder();
    const x = g.input("x", [2]);
    const [twice] = g.node({ kind: "scale", factor: 2 }, [x], [[2]]);
    const [square] = g.node({ kind: "mul" }, [x, x], [[2]]);
    const model = emitOnnx(g.build({ twice: twice!, square: square! }), "cpu", true);
    session = await createSession(model, { provider: "cpu", threads: 1 });
  });

  afterAll(() => session.release());

  it("are written to the arrays that were given, each time", async () => {
    const [twice, square] = [array(0, 0), array(0, 0)];
    await runInPlace(session, { x: array(3, -1) }, { twice, square });
    expect([...(twice.data as Float32Array)]).toEqual([6, -2]);
    expect([...(square.data as Float32Array)]).toEqual([9, 1]);
    await runInPlace(session, { x: array(0, 5) }, { square });
    expect([...(square.data as Float32Array)]).toEqual([0, 25]);
    expect([...(twice.data as Float32Array)]).toEqual([6, -2]);
  });

  it("are not copied: the session hands nothing over, and all is written", async () => {
    const square = array(0, 0);
    const run = session.run({ x: array(2, 3) }, { list: null, square });
    await expect(run).rejects.toThrow("Non tensor type is temporarily not supported");
    expect([...(square.data as Float32Array)]).toEqual([4, 9]);
  });

  it("are taken as well from a runtime that hands lists over", async () => {
    const square = array(0, 0);
    const newer = {
      run: async () => {
        (square.data as Float32Array).set([4, 9]);
        return { list: [], square };
      },
    } as unknown as ort.InferenceSession;
    await runInPlace(newer, {}, { square });
    expect([...(square.data as Float32Array)]).toEqual([4, 9]);
  });

  it("are missed where the runtime refuses the list before it has computed anything", async () => {
    const early = {
      run: async () => {
        throw new Error("Non tensor type is temporarily not supported.");
      },
    } as unknown as ort.InferenceSession;
    await expect(runInPlace(early, {}, { square: array(0, 0) })).rejects.toThrow("before it had written its results");
  });

  it("are not hidden errors: what is wrong with an input is said", async () => {
    await expect(runInPlace(session, { x: array(1, 2, 3) }, { square: array(0, 0) })).rejects.toThrow(/dimension/i);
    await expect(runInPlace(session, {}, { square: array(0, 0) })).rejects.toThrow(/x/);
  });
});
