/** TensorFlow's C library out of a wheel: pip downloads it and checks its hash, Python's own zip module unpacks what is needed. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { essence, runTool, type ToolOptions } from "../tools/runTool.ts";
import { WHEEL_PYTHON, type Wheel } from "./wheels.ts";

/** Prints nothing; ends with an error where the Python is too old, or pip is missing. */
const USABLE = "import sys, zipfile, pip; assert sys.version_info >= (3, 8), 'Python 3.8 or later is needed'";

/**
 * @param candidates commands to try, in this order
 * @throws UserError where none of them is a Python with pip
 */
export async function findPip(candidates: readonly string[], options: ToolOptions): Promise<string> {
  const problems: string[] = [];
  for (const python of candidates) {
    const result = await runTool(python, ["-c", USABLE], options);
    if (result.ok) return python;
    const reason = result.missing ? "not found" : (result.output.trim().split("\n").at(-1) ?? "");
    problems.push(`${python}: ${reason}`);
  }
  throw new UserError(
    `there is no Python with pip, which downloads TensorFlow (${problems.join("; ")}). Install Python 3.8 or later with pip ` +
      "(Debian, Ubuntu: apt install python3-pip), or name one by the environment variable MASKDM_PYTHON.",
    "failure",
  );
}

/** Arguments: the wheel's folder, where to, the libraries. It writes libraries to lib, headers to include. */
const UNPACK = `
import glob, os, re, shutil, sys, zipfile
wheel, target, *libraries = sys.argv[1:]
wanted = re.compile(r"tensorflow/include/((tensorflow/c|tensorflow/core/platform|tsl/c|tsl/platform|xla/tsl/c)/.*\\.h)$")
with zipfile.ZipFile(glob.glob(os.path.join(wheel, "*.whl"))[0]) as archive:
    places = {"tensorflow/" + name: "lib/" + name for name in libraries}
    for name in archive.namelist():
        if match := wanted.match(name):
            places[name] = "include/" + match[1]
    for name, place in places.items():
        path = os.path.join(target, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(name) as source, open(path, "wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
`;

/**
 * Puts the library into `target`/lib and its headers into `target`/include.
 * @throws UserError where the download or the unpacking fails
 */
export async function fetchLibrary(wheel: Wheel, python: string, target: string, options: ToolOptions): Promise<void> {
  const folder = join(options.cwd, "wheel");
  await mkdir(folder, { recursive: true });
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const kind = ["--implementation=cp", `--python-version=${WHEEL_PYTHON}`, `--platform=${wheel.platform}`];
  const download = await runTool(
    python,
    [
      ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"],
      ...["--only-binary=:all:", ...kind, "--require-hashes", "--dest", folder, "--requirement", requirements],
    ],
    options,
  );
  if (!download.ok) {
    throw new UserError(
      `pip could not fetch ${wheel.project} ${wheel.version}:\n    ${essence(download.output)}\n  ` +
        `Is its index reachable? ${python} -m pip config list says what pip was told.`,
      "failure",
    );
  }
  const unpacked = await runTool(python, ["-c", UNPACK, folder, target, ...wheel.libraries], options);
  await rm(folder, { recursive: true });
  if (!unpacked.ok) {
    throw new UserError(`TensorFlow's library could not be unpacked:\n    ${essence(unpacked.output)}`, "failure");
  }
}
