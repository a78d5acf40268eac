/** Colours and dashes of lines: the theme's own first, and any number of runs told apart. */

export interface LineStyle {
  /** as the canvas and SVG take it, e.g. "#3794ff" */
  readonly colour: string;
  readonly dash: readonly number[];
}

export interface Palette {
  style(slot: number): LineStyle;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  readonly font: string;
}

const THEME_COLOURS = ["blue", "orange", "green", "purple", "red", "yellow"];
/** Hues between those of the theme, in degrees. */
const MORE_HUES = [195, 340, 120, 275, 60, 20];
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3], [4, 5]];

/** Reads the theme's colours; again after it changes. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const variable = (name: string, fallback: string): string => style.getPropertyValue(name).trim() || fallback;
  const dark =
    !document.body.classList.contains("vscode-light") &&
    !document.body.classList.contains("vscode-high-contrast-light");
  const contrast = document.body.className.includes("vscode-high-contrast");
  const hex = hexReader();
  const fallback = (hue: number): string => `oklch(${dark ? 0.75 : 0.52} 0.14 ${hue})`;
  const colours = [
    ...THEME_COLOURS.map((name, i) => hex(variable(`--vscode-charts-${name}`, fallback(MORE_HUES[i]! + 30)))),
    ...MORE_HUES.map((hue) => hex(fallback(hue))),
  ];
  const text = hex(variable("--vscode-foreground", dark ? "#cccccc" : "#333333"));
  const background = hex(variable("--vscode-editor-background", dark ? "#1f1f1f" : "#ffffff"));
  return {
    style: (slot) => ({
      colour: colours[slot % colours.length]!,
      dash: DASHES[Math.floor(slot / colours.length) % DASHES.length]!,
    }),
    text,
    muted: hex(variable("--vscode-descriptionForeground", text)),
    grid: mixed(text, background, contrast ? 0.35 : 0.13),
    background,
    font: variable("--vscode-font-family", "sans-serif"),
  };
}

/** Whatever CSS can say about a colour as #rrggbb, see-through ones on the page's background. */
function hexReader(): (colour: string) => string {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const background = getComputedStyle(document.body).backgroundColor;
  return (colour) => {
    for (const fill of [background, colour]) {
      context.fillStyle = fill;
      context.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return toHex([r!, g!, b!]);
  };
}

const toHex = (channels: readonly number[]): string =>
  `#${channels.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;

function mixed(a: string, b: string, share: number): string {
  const channels = (colour: string): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const [first, second] = [channels(a), channels(b)];
  return toHex(first.map((value, i) => share * value + (1 - share) * second[i]!));
}
