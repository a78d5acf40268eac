import sharp from "sharp";
import { findChromium, launchChromium } from "../vscode/chromium.ts";

/** For screens with two pixels in one of CSS. */
const SCALE = 2;

/**
 * An SVG as the pixels of a PNG, in its light colours: where extensions are offered, pictures may not be SVG.
 * @param width it is drawn that wide, in CSS pixels
 * @throws Error where there is no Chromium
 */
export async function drawnSvg(svg: string, width: number): Promise<Buffer> {
  const search = await findChromium();
  if (search.kind === "missing") throw new Error(search.reason);
  const browser = await launchChromium(search.path);
  try {
    const page = await browser.newPage({ deviceScaleFactor: SCALE, colorScheme: "light" });
    await page.setContent(
      `<style>body { margin: 0; width: ${width}px } svg { display: block; width: 100%; height: auto }</style>${svg}`,
    );
    const shot = await page.locator("svg").first().screenshot();
    return await sharp(shot).png({ palette: true, colours: 64, effort: 10 }).toBuffer();
  } finally {
    await browser.close();
  }
}
