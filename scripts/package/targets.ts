/** A platform that a package is made for, by VS Code's name. */
export interface Target {
  readonly name: string;
  readonly platform: "linux" | "darwin" | "win32";
  readonly arch: "x64" | "arm64";
}

export const TARGETS: readonly Target[] = [
  { name: "linux-x64", platform: "linux", arch: "x64" },
  { name: "linux-arm64", platform: "linux", arch: "arm64" },
  { name: "darwin-x64", platform: "darwin", arch: "x64" },
  { name: "darwin-arm64", platform: "darwin", arch: "arm64" },
  { name: "win32-x64", platform: "win32", arch: "x64" },
  { name: "win32-arm64", platform: "win32", arch: "arm64" },
];

/** @throws Error naming those there are */
export function targetNamed(name: string): Target {
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (!target) throw new Error(`there is no target ${name}; there are ${TARGETS.map((t) => t.name).join(", ")}`);
  return target;
}

/** The target of the machine this runs on; undefined where no package is made for it. */
export function ownTarget(): Target | undefined {
  return TARGETS.find(({ platform, arch }) => platform === process.platform && arch === process.arch);
}
