/** How far the channels of a grey may lie apart: conversions by a profile round each by itself. */
const TOLERANCE = 2;

/**
 * Whether an image in colour holds nothing but greys. Of one with colours only the first few pixels are looked at.
 * @param pixels uint8 RGB, [H, W, 3]
 */
export function isGrey(pixels: Uint8Array): boolean {
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const red = pixels[i]!;
    const green = pixels[i + 1]!;
    const blue = pixels[i + 2]!;
    if (Math.abs(red - green) > TOLERANCE || Math.abs(green - blue) > TOLERANCE || Math.abs(blue - red) > TOLERANCE) {
      return false;
    }
  }
  return true;
}
