/**
 * Random streams addressed by (seed, stage, stream, step, item). Nothing is carried from one step to the next, so any batch of
 * any step can be drawn alone and a resumed run draws what an uninterrupted one would. The derivation, with worked numbers for
 * other languages, is written down in docs/random-streams.md.
 *
 * Philox counter: c0 = block within the stream, c1 = item (slot of the image in the batch, epoch, parameter …),
 * c2 = step, c3 = stream id + 256 * stage. Key: the seed's low and high 32 bits.
 */
import { philox4x32 } from "./philox.ts";

/** What a stream is for. The numbers are part of the run format: never renumber, only add. */
export const STREAMS = {
  order: 1,
  mask: 2,
  timestep: 3,
  noise: 4,
  flip: 5,
  labelDrop: 6,
  init: 7,
  sampleInit: 8,
  sampleStep: 9,
  heldOutOrder: 10,
  heldOutNoise: 11,
  toyPoints: 12,
} as const;
export type StreamName = keyof typeof STREAMS;

export const STAGES = { pretrain: 0, finetune: 1 } as const;
/** A stage of training: masked pretraining or finetuning on whole images. */
export type Stage = keyof typeof STAGES;
/** In their order. */
export const STAGE_NAMES = ["pretrain", "finetune"] as const satisfies readonly Stage[];

const TWO_32 = 2 ** 32;

export interface StreamAddress {
  /** integer in [0, 2^53) */
  readonly seed: number;
  readonly stage: Stage;
  readonly stream: StreamName;
  /** training step (or sampler step), counted from 0 */
  readonly step: number;
  /** which image, epoch or parameter within the step */
  readonly item: number;
}

/** Philox words of one address, read in order. */
export class RandomStream {
  private readonly words = new Uint32Array(4);
  private readonly k0: number;
  private readonly k1: number;
  private readonly c1: number;
  private readonly c2: number;
  private readonly c3: number;
  private block = 0;
  private used = 4;

  constructor(address: StreamAddress) {
    this.k0 = (address.seed % TWO_32) | 0;
    this.k1 = Math.floor(address.seed / TWO_32) | 0;
    this.c1 = address.item | 0;
    this.c2 = address.step | 0;
    this.c3 = STREAMS[address.stream] + 256 * STAGES[address.stage];
  }

  /** Continues at word 4 * `block`, so that a part of the stream can be drawn alone. */
  seek(block: number): this {
    this.block = block;
    this.used = 4;
    return this;
  }

  /** Next unsigned 32-bit word. */
  nextUint32(): number {
    if (this.used === 4) {
      philox4x32(this.block, this.c1, this.c2, this.c3, this.k0, this.k1, this.words);
      this.block++;
      this.used = 0;
    }
    return this.words[this.used++]!;
  }

  /** Uniform integer in [0, n), without bias: words at or above the largest multiple of n are thrown away. 1 <= n <= 2^32. */
  below(n: number): number {
    const limit = TWO_32 - (TWO_32 % n);
    let word = this.nextUint32();
    while (word >= limit) word = this.nextUint32();
    return word % n;
  }

  /** Uniform double in [0, 1): word / 2^32. */
  uniform(): number {
    return this.nextUint32() / TWO_32;
  }

  /**
   * Fills `out[start, start + count)` with standard normals, four from each block (Box–Muller on word pairs); a block begun
   * is used up, so the next call starts on a fresh one.
   */
  fillNormal(out: Float32Array, start: number, count: number, scale = 1): void {
    const words = this.words;
    const end = start + count;
    for (let i = start; i < end; i += 4) {
      philox4x32(this.block++, this.c1, this.c2, this.c3, this.k0, this.k1, words);
      const radius0 = scale * Math.sqrt(-2 * Math.log((words[0]! + 1) / TWO_32));
      const angle0 = (2 * Math.PI * words[1]!) / TWO_32;
      out[i] = radius0 * Math.cos(angle0);
      if (i + 1 < end) out[i + 1] = radius0 * Math.sin(angle0);
      if (i + 2 >= end) break;
      const radius1 = scale * Math.sqrt(-2 * Math.log((words[2]! + 1) / TWO_32));
      const angle1 = (2 * Math.PI * words[3]!) / TWO_32;
      out[i + 2] = radius1 * Math.cos(angle1);
      if (i + 3 < end) out[i + 3] = radius1 * Math.sin(angle1);
    }
    this.used = 4;
  }
}

/** First `count` entries of a random permutation of 0…n-1 (Fisher–Yates from the front). */
export function drawWithoutReplacement(stream: RandomStream, n: number, count: number): Uint32Array {
  const items = new Uint32Array(n);
  for (let i = 0; i < n; i++) items[i] = i;
  for (let i = 0; i < count; i++) {
    const j = i + stream.below(n - i);
    const swap = items[i]!;
    items[i] = items[j]!;
    items[j] = swap;
  }
  return items.subarray(0, count);
}
