// Looks at the built extension: node scripts/vscode/open.mjs --shot FILE.png [OPTION…], see open.ts
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const at = (name) => fileURLToPath(new URL(name, import.meta.url));
const { status } = spawnSync(process.execPath, [at("../ts.mjs"), at("open.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);
