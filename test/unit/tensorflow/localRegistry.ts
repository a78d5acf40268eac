/** A registry of npm on this machine, with packages that a test makes up. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";

export interface LocalPackage {
  readonly name: string;
  readonly version: string;
  /** contents by path, without package.json */
  readonly files: Readonly<Record<string, string>>;
  /** command of its install script; none without */
  readonly install?: string;
}

export interface LocalRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** @param folder where the packages are packed */
export async function localRegistry(folder: string, packages: readonly LocalPackage[]): Promise<LocalRegistry> {
  const archives = packages.map((one, i) => pack(join(folder, String(i)), one));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    const at = packages.findIndex(({ name }, i) => path === name || path === `${i}.tgz`);
    const found = packages[at];
    if (!found) response.writeHead(404).end("{}");
    else if (path === found.name) response.end(JSON.stringify(described(found, archives[at]!, `${url()}/${at}.tgz`)));
    else response.end(archives[at]);
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: url(), close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function described({ name, version, install }: LocalPackage, archive: Buffer, tarball: string): object {
  const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { name, version, hasInstallScript: install !== undefined, dist: { tarball, integrity } } },
  };
}

/** npm's packages are archives of a folder `package`. */
function pack(folder: string, { name, version, files, install }: LocalPackage): Buffer {
  const manifest = { name, version, main: "index.js", scripts: { install } };
  const all = { ...files, "package.json": JSON.stringify(manifest) };
  for (const [path, content] of Object.entries(all)) {
    const file = join(folder, "package", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  execFileSync("tar", ["-czf", "package.tgz", "package"], { cwd: folder });
  return readFileSync(join(folder, "package.tgz"));
}
