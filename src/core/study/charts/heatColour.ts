/** The colours of a heat map: from deep blue to pale yellow, told apart by colour-blind readers and in grey, on light and on dark pages. */

type Triple = readonly [number, number, number];

/** Ends in OKLab (Ottosson 2020): L, a, b. */
const FROM: Triple = [0.38, -0.012, -0.115];
const TO: Triple = [0.93, -0.022, 0.125];

/**
 * Perceptually even: equal differences of the share are equal distances in OKLab.
 * @param share from 0, the better end, to 1
 */
export function heatColour(share: number): { readonly fill: string; readonly text: string } {
  const at = Math.min(1, Math.max(0, share));
  const lab = FROM.map((value, i) => value + (TO[i]! - value) * at) as unknown as Triple;
  // Black and white have the same contrast to a luminance of 0.179, whose cube root this is.
  return { fill: hexOf(lab), text: lab[0] < 0.564 ? "#ffffff" : "#000000" };
}

/** OKLab to sRGB, by the matrices of its definition. */
function hexOf([L, a, b]: Triple): string {
  const [l, m, s] = [
    (L + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (L - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (L - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ];
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const bytes = linear.map((value) => {
    const bounded = Math.min(1, Math.max(0, value));
    return Math.round(255 * (bounded <= 0.0031308 ? 12.92 * bounded : 1.055 * bounded ** (1 / 2.4) - 0.055));
  });
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
