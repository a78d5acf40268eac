/** The theme's colours for a study's charts. */
import type { StudyColours } from "../../../src/core/study/charts/look.ts";
import type { Palette } from "../../ui/palette.ts";

/** Blue and green of the theme stand for the best and what does not differ from it. */
export function studyColours(palette: Palette): StudyColours {
  const { text, muted, grid, background } = palette;
  const lines = Array.from({ length: 12 }, (_, slot) => palette.style(slot).colour);
  return { text, muted, grid, background, best: lines[0]!, near: lines[2]!, lines };
}
