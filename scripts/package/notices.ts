import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ROOT } from "../vscode/paths.ts";

const mapSchema = z.object({ sources: z.array(z.string()) });
const manifestSchema = z.object({ version: z.string(), license: z.string() });
const LICENCE = /^(licen[cs]e|copying|notice)[^/]*$/i;

/** The packages whose code went into a bundle. @param map text of the bundle's source map */
export function bundledPackages(map: string): string[] {
  const inPackages = mapSchema.parse(JSON.parse(map)).sources.flatMap((source) => {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1];
    return name === undefined ? [] : [name];
  });
  return [...new Set(inPackages)];
}

/** The licences of bundled packages, which have to go with every copy of them. */
export function noticesOf(packages: Iterable<string>): string {
  const parts = [...packages].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version, license } = manifestSchema.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
    const texts = readdirSync(folder)
      .filter((file) => LICENCE.test(file))
      .map((file) => readFileSync(join(folder, file), "utf8").trim());
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  return `The programs in this folder contain code of these packages.\n\n${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
