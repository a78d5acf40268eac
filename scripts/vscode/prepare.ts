// Fetches what the suites inside VS Code need and this machine lacks: a browser and the VS Code server. Where that fails it says so,
// and the suites try again.
import { findChromium } from "./chromium.ts";
import { installServer } from "./install.ts";

const server = installServer().catch((error: unknown) => console.log(error instanceof Error ? error.message : error));
const browser = await findChromium();
if (browser.kind === "missing") console.log(browser.reason);
await server;
