/** Colours as pixels have them. */

/** Rec. 601 in 16-bit fixed point, of bytes; the weights add up to 65536, so that a grey stays itself. */
export const luma = (red: number, green: number, blue: number): number =>
  (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;

/** A byte for each channel. @param colour #rrggbb; @param channels 1: its luma */
export function colourBytes(colour: string, channels: number): number[] {
  const value = Number.parseInt(colour.slice(1), 16);
  const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
  return channels === 1 ? [luma(red, green, blue)] : [red, green, blue];
}
