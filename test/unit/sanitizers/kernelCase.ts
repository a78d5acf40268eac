/** A program of the kernels with its arrays, for the harness that is compiled with sanitizers (test/sanitizers/harness.c). */
import { readFileSync, writeFileSync } from "node:fs";
import type { Graph } from "../../../src/core/model/graph/graph.ts";
import { adamWFactors } from "../../../src/core/training/adamW.ts";
import type { Feed } from "../../../src/trainer/engine/feed.ts";
import { loadAddon } from "../../../src/trainer/engine/native/addon.ts";
import { compileProgram, type NativeProgram } from "../../../src/trainer/engine/native/program.ts";
import type { Learned } from "../../../src/trainer/engine/native/updates.ts";
import { SCALARS } from "../engine/tinySteps.ts";

export interface KernelCase {
  readonly title: string;
  readonly program: NativeProgram;
  /** as they are before the first run */
  readonly arrays: readonly Feed[];
  /** further ones add gradients to those of the ones before */
  readonly runs: number;
  /** whether the last run updates the weights */
  readonly updates: boolean;
}

/** With an epsilon that keeps gradients of next to nothing, which round differently, from counting as much as others. */
const FACTORS = Float64Array.from(adamWFactors({ ...SCALARS, epsilon: 0.01, update: 1, gradientScale: 1 }));

export function kernelCase(
  title: string,
  graph: Graph,
  inputs: ReadonlyMap<string, Feed>,
  { runs = 1, learned = null as Learned | null } = {},
): KernelCase {
  const program = compileProgram(graph, learned);
  const arrays = program.arrays.map((name, i) => inputs.get(name)?.slice() ?? new Float32Array(program.lengths[i]!));
  return { title, program, arrays, runs, updates: learned !== null };
}

/** @param file receives the case as the harness reads it */
export function writeCase({ program, arrays, runs, updates }: KernelCase, file: string): void {
  const { words, arenaFloats, lengths } = program;
  const parts: (Int32Array | Float32Array | Float64Array)[] = [
    Int32Array.of(words.length, arrays.length, runs, Number(updates)),
    Float64Array.of(arenaFloats),
    FACTORS,
    Float64Array.from(lengths),
    words,
  ];
  for (const array of arrays) parts.push(Int32Array.of(Number(array instanceof Int32Array)), array);
  writeFileSync(
    file,
    Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
  );
}

/** What the harness left, as the arrays of the case; integers as the floats of their bits. */
export function readResult({ program }: KernelCase, file: string): Float32Array[] {
  const bytes = readFileSync(file);
  const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let at = 0;
  return program.lengths.map((length) => {
    at += length;
    return floats.subarray(at - length, at);
  });
}

/** The same by the module that trains. */
export function runHere({ program, arrays, runs, updates }: KernelCase, instructionSet: string): Float32Array[] {
  const addon = loadAddon();
  const team = addon.createTeam(2, instructionSet);
  const { words, arenaFloats, lengths } = program;
  const compiled = addon.createProgram(team, words, arenaFloats, Float64Array.from(lengths), null);
  const own = arrays.map((array) => array.slice() as Float32Array | Int32Array);
  for (let i = 0; i < runs; i++) addon.run(compiled, own, i > 0, updates && i === runs - 1 ? FACTORS : null);
  addon.destroyProgram(compiled);
  return own.map((array) => new Float32Array(array.buffer));
}
