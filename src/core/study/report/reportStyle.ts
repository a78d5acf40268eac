/** The look of a report: the system's fonts, dark and light as the reader has it, light on paper. */
import { DARK, LIGHT, type StudyColours } from "../charts/look.ts";

/** For charts within the report: the page says what the names are. */
export const PAGE_COLOURS: StudyColours = {
  ...{ text: "var(--text)", muted: "var(--muted)", grid: "var(--grid)", background: "var(--background)" },
  ...{ best: "var(--best)", near: "var(--near)", lines: LIGHT.lines.map((_, i) => `var(--line-${i})`) },
};

const variables = ({ lines, ...colours }: StudyColours): string =>
  [
    ...Object.entries(colours).map(([name, value]) => `--${name}: ${value};`),
    ...lines.map((value, i) => `--line-${i}: ${value};`),
  ].join(" ");

export const REPORT_STYLE = `
:root { color-scheme: light dark; ${variables(LIGHT)} }
@media screen and (prefers-color-scheme: dark) { :root { ${variables(DARK)} } }
* { box-sizing: border-box; }
body { max-width: 940px; margin: 0 auto; padding: 32px 24px 64px; color: var(--text); background: var(--background);
  font: 14px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; }
h1 { margin: 0 0 2px; font-size: 25px; line-height: 1.25; }
h2 { margin: 40px 0 10px; padding-bottom: 4px; border-bottom: 1px solid var(--grid); font-size: 18px; }
p { margin: 0 0 8px; }
.sub, figcaption, .small { color: var(--muted); font-size: 12.5px; }
.answer { margin: 18px 0; padding: 12px 16px; border-left: 4px solid var(--best); background: color-mix(in srgb, var(--best) 8%, transparent); }
.answer p:first-child { font-size: 16px; font-weight: 600; }
.answer p:last-child, .warning p:last-child { margin: 0; }
.warning { margin: 12px 0; padding: 8px 16px; border-left: 4px solid #c44e00; background: color-mix(in srgb, #c44e00 10%, transparent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 12.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }
thead th { font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
tr.best > * { font-weight: 600; }
figure { margin: 20px 0; break-inside: avoid; }
figure svg { display: block; max-width: 100%; height: auto; }
.strip { margin: 10px 0; }
.strip img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; }
ol, ul { margin: 0; padding-left: 20px; }
li { margin: 0 0 6px; }
pre { margin: 6px 0; padding: 10px 12px; overflow-x: auto; border: 1px solid var(--grid); border-radius: 4px; font: 12px/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
summary { cursor: pointer; }
details { margin: 8px 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } h2 { break-after: avoid; } pre { white-space: pre-wrap; } }
`;
