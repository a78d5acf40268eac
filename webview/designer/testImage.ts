/** Drawn pictures that stand in for the user's images where these cannot be shown. */

/** Test images in the data set that is pretended. */
export const TEST_IMAGES = 48;

/**
 * A picture without any symmetry, so that flips and places can be told apart: a slope of colour, a disc, a bar and rings.
 * @param index each is another one
 * @returns uint8 [size, size, channels]
 */
export function testImage(size: number, channels: number, index: number): Uint8Array {
  const pixels = new Uint8Array(size * size * channels);
  const hue = (index * 0.381966) % 1;
  const [cx, cy] = [0.28 + 0.4 * ((index * 0.618) % 1), 0.3 + 0.35 * ((index * 0.414) % 1)];
  let at = 0;
  for (let py = 0; py < size; py++) {
    for (let px = 0; px < size; px++) {
      const x = (px + 0.5) / size;
      const y = (py + 0.5) / size;
      const distance = Math.hypot(x - cx, y - cy);
      const light = 0.35 + 0.4 * (1 - y) + 0.15 * x;
      let rgb = colour(hue + 0.12 * x, 0.45, light);
      if (distance < 0.24) rgb = colour(hue + 0.5, 0.6, 0.55 + 0.25 * Math.cos(distance * 40));
      else if (Math.abs(y - 0.82 + 0.25 * (x - 0.5)) < 0.05) rgb = colour(hue + 0.08, 0.7, 0.3);
      if (channels === 3) for (const value of rgb) pixels[at++] = value * 255;
      else pixels[at++] = (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) * 255;
    }
  }
  return pixels;
}

function colour(hue: number, saturation: number, light: number): [number, number, number] {
  const part = (shift: number): number => {
    const k = (((hue + shift) % 1) + 1) % 1;
    const wave = Math.min(1, Math.max(0, Math.abs(k * 6 - 3) - 1));
    return Math.min(1, Math.max(0, light + saturation * (wave - 0.5) * (1 - Math.abs(2 * light - 1))));
  };
  return [part(0), part(2 / 3), part(1 / 3)];
}
