/** A run on a Ray cluster as the editor shows it: MASKDM_TEST_RAY_EDITOR=1, as the cluster takes its time to come up. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureWorkspace, type TemporaryFolder } from "../../scripts/vscode/fixtureWorkspace.ts";
import { readStatus } from "../../src/node/run/status.ts";
import { findPython, TRAINER_MODULES } from "../python/findPython.ts";
import { RayCluster } from "../support/rayCluster.ts";
import { DASHBOARD, drawnUpTo } from "./dashboardPage.ts";
import { type Editor, launch, packagedExtension } from "./driver.ts";
import { until } from "./until.ts";

const PATIENCE_MS = 300_000;

const asked = process.env["MASKDM_TEST_RAY_EDITOR"] === "1";
const python = asked ? findPython([...TRAINER_MODULES, "ray.train"]) : null;

(python?.found ? describe : describe.skip)("a run on a Ray cluster", () => {
  let workspace: TemporaryFolder;
  let cluster: RayCluster;
  let editor: Editor;
  before(async function () {
    this.timeout(2 * PATIENCE_MS);
    workspace = await fixtureWorkspace();
    cluster = new RayCluster(python?.found ? python.command : "");
    await cluster.start(2);
    const experiment = {
      data: { path: "images", image_size: 16 },
      model: { patch_size: 4, embed_dim: 32, depth: 3, num_heads: 2 },
      mask: { strategy: "patch", rate: 0.5 },
      pretrain: { steps: 100_000, batch_size: 8, checkpoint_every: 50, sample_every: 0, log_every: 5 },
      engine: { backend: "torch", threads: 1 },
      compute: { target: "ray", workers: 2, address: cluster.address },
    };
    writeFileSync(join(workspace.path, "onray.maskdm.yaml"), JSON.stringify(experiment, null, 2));
    editor = await launch({ workspace: workspace.path, vsix: packagedExtension() });
  });
  after(async () => {
    await editor?.close();
    await cluster?.stop();
    await workspace?.remove();
  });

  it("is begun, drawn, found again after a reload, and stopped, like any other", async function () {
    this.timeout(2 * PATIENCE_MS);
    await editor.openFile("onray.maskdm.yaml");
    await editor.palette("MaskDM: Pretrain");
    await until("a step", () => status().step >= 10, PATIENCE_MS);
    await editor.palette("MaskDM: Open Dashboard");
    await drawnUpTo(await page(), 1, status().step + 10, PATIENCE_MS);
    await editor.screenshot("ray-dashboard");
    await editor.reload();
    await drawnUpTo(await page(), 1, status().step + 10, PATIENCE_MS);
    await editor.palette("MaskDM: Stop Run");
    await until("the stopped run", () => status().state === "stopped", PATIENCE_MS);
  });

  /** The dashboard, once it has the chart of the loss. */
  async function page() {
    const frame = await editor.webview(DASHBOARD);
    await frame.locator('[data-chart="loss"]').waitFor();
    return frame;
  }

  /** Of the one run; no step while there is none. */
  function status(): { readonly step: number; readonly state: string } {
    const runsDir = join(workspace.path, "runs");
    try {
      const [run] = readdirSync(runsDir).filter((name) => !name.startsWith("."));
      const read = readStatus(join(runsDir, run ?? ""));
      return read.ok ? read.value : { step: 0, state: read.reason };
    } catch {
      return { step: 0, state: "no folder of runs" };
    }
  }
});
