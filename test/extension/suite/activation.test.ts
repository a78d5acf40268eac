import { ok } from "node:assert/strict";
import * as vscode from "vscode";

describe("activation", () => {
  it("the extension is there and becomes active", async () => {
    const extension = vscode.extensions.getExtension("maskdm-studio.maskdm-studio");
    ok(extension);
    await extension.activate();
    ok(extension.isActive);
  });
});
