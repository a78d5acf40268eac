/** Instructions of kernels/instructions.h, in the order of their codes, with the words that follow each. */
export const INSTRUCTIONS = {
  product: 21,
  attention: 7,
  attentionGradient: 9,
  layerNorm: 12,
  layerNormGradient: 13,
  softmax: 4,
  binary: 7,
  binaryStrided: 19,
  unary: 5,
  gateGradient: 4,
  siluGate: 4,
  siluGateGradient: 5,
  sumRows: 4,
  sumColumns: 4,
  copyBlocks: 8,
  transpose: 12,
  gatherRows: 6,
  scatterAddRows: 6,
  deliver: 3,
  judge: 2,
  update: 6,
} as const;

export type Instruction = keyof typeof INSTRUCTIONS;

/** As the module tells its own, so that one that was built from other sources is not mistaken for this one's. */
export const INSTRUCTIONS_TEXT = Object.entries(INSTRUCTIONS)
  .map(([name, words]) => `${name} ${words}`)
  .join(", ");
