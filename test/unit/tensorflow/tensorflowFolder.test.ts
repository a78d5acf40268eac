import { describe, expect, it } from "vitest";
import type { Surroundings } from "../../../src/node/userFolder.ts";
import { TFJS_NODE_VERSION, tensorflowFolder } from "../../../src/trainer/tensorflow/tensorflowFolder.ts";

const linux: Surroundings = { platform: "linux", arch: "x64", env: {}, home: "/home/ada" };
const name = (machine: string): string => `maskdm-studio/tensorflow/tfjs-node-${TFJS_NODE_VERSION}-${machine}`;

describe("the folder of tfjs-node", () => {
  it("names the version, which is a plain one, and the kind of machine", () => {
    expect(TFJS_NODE_VERSION).toMatch(/^\d+\.\d+\.\d+$/);
    expect(tensorflowFolder(linux)).toBe(`/home/ada/.local/share/${name("linux-x64")}`);
    expect(tensorflowFolder({ ...linux, arch: "arm64" })).toBe(`/home/ada/.local/share/${name("linux-arm64")}`);
  });

  it("is where XDG_DATA_HOME says, unless that is relative", () => {
    const at = (path: string): string => tensorflowFolder({ ...linux, env: { XDG_DATA_HOME: path } });
    expect(at("/data")).toBe(`/data/${name("linux-x64")}`);
    for (const path of ["data", ""]) expect(at(path)).toBe(tensorflowFolder(linux));
  });

  it("is in the library of a Mac's user", () => {
    const mac: Surroundings = {
      platform: "darwin",
      arch: "arm64",
      env: { XDG_DATA_HOME: "/data" },
      home: "/Users/ada",
    };
    expect(tensorflowFolder(mac)).toBe(`/Users/ada/Library/Application Support/${name("darwin-arm64")}`);
  });

  it("is in the local application data of Windows", () => {
    const windows = { platform: "win32", arch: "x64", home: "/C/Users/ada" } as const;
    expect(tensorflowFolder({ ...windows, env: { LOCALAPPDATA: "/D/Local" } })).toBe(`/D/Local/${name("win32-x64")}`);
    expect(tensorflowFolder({ ...windows, env: {} })).toBe(`/C/Users/ada/AppData/Local/${name("win32-x64")}`);
  });
});
