/** That a wrong name or wrong data in a message between extension and page does not compile: `npm run check:types` runs this test. */
import { expect, it, vi } from "vitest";
import type { DashboardProtocol } from "../../../src/core/protocol/dashboard.ts";
import type { DesignerProtocol } from "../../../src/core/protocol/designer.ts";
import type { MethodOf, Params, Protocol } from "../../../src/core/protocol/message.ts";
import type { Handlers, WebviewHost } from "../../../src/extension/webview/webviewHost.ts";

function request<P extends Protocol>() {
  return <M extends MethodOf<P>>(method: M, params: Params<P, M>): unknown => [method, params];
}

it("messages are typed by the protocol of their view", () => {
  const send = vi.fn();
  const designer: Pick<WebviewHost<DesignerProtocol>, "send"> = { send };
  const dashboard: Pick<WebviewHost<DashboardProtocol>, "send"> = { send };
  designer.send("show", { step: 3 });
  // @ts-expect-error: no event of this name
  designer.send("shown", { step: 3 });
  // @ts-expect-error: its step is a number
  designer.send("show", { step: "3" });
  // @ts-expect-error: an event of the other view
  dashboard.send("show", { step: 3 });
  expect(send).toHaveBeenCalledTimes(4);

  const ask = request<DesignerProtocol>();
  ask("run", { stage: "pretrain" });
  // @ts-expect-error: no method of this name
  ask("runs", { stage: "pretrain" });
  // @ts-expect-error: no stage of this name
  ask("run", { stage: "sample" });

  const handlers: Partial<Handlers<DashboardProtocol>> = {
    act: () => null,
    // @ts-expect-error: it is answered with a path or null
    exportCsv: () => 3,
  };
  expect(Object.keys(handlers)).toEqual(["act", "exportCsv"]);
});
