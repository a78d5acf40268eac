/**
 * Which experiment file a run belongs to now. Projects are renamed, copied and handed on together with their runs, so the place at
 * which a run was made says little; where its project lies says more.
 */
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { exists } from "../exists.ts";
import { configHash, EXPERIMENT_FILE, RUN_FILE, readRun } from "./runFiles.ts";

/** What a run, or an order for one, says about its experiment file. */
export interface ExperimentPlace {
  /** absolute path at the time */
  readonly experimentFile: string;
  /** the same relative to the run's folder, with "/" */
  readonly experimentFromRun?: string | undefined;
  /** of the run's own copy of it; missing: it has none yet */
  readonly configHash?: string | undefined;
}

/** Folders above a run's that are looked at for runs that do not say where their experiment is relative to them. */
const PROJECT_LEVELS = 2;
/** Folders of a project that are looked into for an experiment that was renamed or moved. */
const MOST_FOLDERS = 200;
const EXPERIMENT = /\.maskdm\.ya?ml$/i;

/** Finds the experiment files of runs. Keeps what it has found: where files may have come or gone, make another. */
export class ExperimentFinder {
  private readonly listed = new Map<string, Promise<string[]>>();
  private readonly found = new Map<string, Promise<string>>();
  private readonly hashes = new Map<string, Promise<string | null>>();

  /**
   * The file where the run's project lies: the one at the place relative to the run's folder, else the only one in the run's
   * neighbourhood that has its text, else the one where it was, else the only one in the neighbourhood that has its name.
   * @param runDir absolute path of the run's folder, which need not exist yet
   * @returns absolute path; where there is no such file any more, the path it would have
   */
  find(runDir: string, place: ExperimentPlace): Promise<string> {
    const key = [runDir, place.experimentFile, place.experimentFromRun, place.configHash].join("\n");
    const known = this.found.get(key) ?? this.look(runDir, place);
    this.found.set(key, known);
    return known;
  }

  private async look(runDir: string, place: ExperimentPlace): Promise<string> {
    const { experimentFile: former, experimentFromRun: way, configHash: hash } = place;
    const near = way === undefined ? await this.byTail(runDir, former) : await this.byWay(runDir, way);
    if (near !== null && (way !== undefined || !(await this.isFormer(former, near, hash)))) return near;
    const around = await this.around(runDir, way);
    const same: string[] = [];
    for (const file of around) if (await this.hasText(file, hash)) same.push(file);
    const isNamed = (file: string): boolean => basename(file) === former.split(/[/\\]/).pop();
    const found = onlyOf(same.filter(isNamed)) ?? onlyOf(same);
    if (found !== null) return found;
    if (await exists(former)) return former;
    return onlyOf(around.filter(isNamed)) ?? (way === undefined ? former : resolve(runDir, way));
  }

  /**
   * Whether a run that does not say which of two files it belongs to belongs to the one of the path it was made with: both are there,
   * as after copying a project, and that one alone holds what was trained.
   */
  private async isFormer(former: string, near: string, hash: string | undefined): Promise<boolean> {
    return near !== former && (await this.hasText(former, hash)) && !(await this.hasText(near, hash));
  }

  /** Whether a file holds the text that a run froze. */
  private async hasText(file: string, hash: string | undefined): Promise<boolean> {
    if (hash === undefined) return false;
    const known = this.hashes.get(file) ?? readFile(file, "utf8").then(configHash, () => null);
    this.hashes.set(file, known);
    return (await known) === hash;
  }

  /** The run may be reached through a link, and the way have been written from its real place, or the other way round. */
  private async byWay(runDir: string, way: string): Promise<string | null> {
    const direct = resolve(runDir, way);
    if (await exists(direct)) return direct;
    const real = await realpath(runDir).catch(() => runDir);
    const other = resolve(real, way);
    return other !== direct && (await exists(other)) ? other : null;
  }

  /** For runs that do not say more: the end of the old path, longest first, in the folders that a runs folder usually stands in. */
  private async byTail(runDir: string, experimentFile: string): Promise<string | null> {
    const parts = experimentFile.split(/[/\\]/).filter((part) => part !== "" && !/^[A-Za-z]:$/.test(part));
    let folder = dirname(runDir);
    for (let level = 0; level < PROJECT_LEVELS; level++) {
      folder = dirname(folder);
      for (let from = 0; from < parts.length; from++) {
        const candidate = join(folder, ...parts.slice(from));
        if (await exists(candidate)) return candidate;
      }
    }
    return null;
  }

  /** Experiment files in the run's neighbourhood: in its project's folder and those directly below it. */
  private async around(runDir: string, way: string | undefined): Promise<string[]> {
    const project = dirname(dirname(runDir));
    const folders = new Set([project, ...(await this.foldersIn(project))]);
    if (way !== undefined) folders.add(dirname(resolve(runDir, way)));
    return (await Promise.all([...folders].map((folder) => this.experimentsIn(folder)))).flat();
  }

  private experimentsIn(folder: string): Promise<string[]> {
    return this.list(folder, async () => {
      const names = await readdir(folder);
      const own = names.filter((name) => EXPERIMENT.test(name) && name !== EXPERIMENT_FILE);
      return own.map((name) => join(folder, name));
    });
  }

  private foldersIn(project: string): Promise<string[]> {
    return this.list(`${project}/*`, async () => {
      const entries = await readdir(project, { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name));
      return folders.slice(0, MOST_FOLDERS).map(({ name }) => join(project, name));
    });
  }

  private list(key: string, read: () => Promise<string[]>): Promise<string[]> {
    const known = this.listed.get(key) ?? read().catch(() => []);
    this.listed.set(key, known);
    return known;
  }
}

/** The experiment file that a run belongs to now; see ExperimentFinder.find. */
export const experimentOfRun = (runDir: string, place: ExperimentPlace): Promise<string> =>
  new ExperimentFinder().find(resolve(runDir), place);

/**
 * The experiment file that a command can name for a run: its own copy where the user's is gone.
 * @param experimentFile what experimentOfRun says
 */
export const namedExperiment = async (runDir: string, experimentFile: string): Promise<string> =>
  (await exists(experimentFile)) ? experimentFile : join(runDir, EXPERIMENT_FILE);

/**
 * The experiment file that a file stands for: for the copy frozen in a run's folder the one that the run belongs to, where relative
 * paths in it start; any other stands for itself.
 */
export async function experimentBehind(file: string): Promise<string> {
  const path = resolve(file);
  const runDir = dirname(path);
  if (basename(path) !== EXPERIMENT_FILE || !(await exists(join(runDir, RUN_FILE)))) return path;
  const record = readRun(runDir);
  return record.ok ? experimentOfRun(runDir, record.value) : path;
}

/**
 * The way from a run's folder to a file, with "/".
 * @param real turns a path into its real one; whichever of both ways climbs less is taken, as links may lead far around
 * @returns undefined where both have no folder in common
 */
export function wayFromRun(runDir: string, file: string, real: (path: string) => string): string | undefined {
  const ends = [
    [runDir, file],
    [realOf(runDir, real), realOf(file, real)],
  ] as const;
  const ways = ends
    .map(([from, to]) => ({ from, way: relative(from, to).split(sep).join("/") }))
    // A way over the root says no more than the absolute path.
    .filter(({ from, way }) => way !== "" && !isAbsolute(way) && climbs(way) < resolve(from).split(sep).length - 1)
    .sort((a, b) => climbs(a.way) - climbs(b.way));
  return ways[0]?.way;
}

const climbs = (way: string): number => way.split("/").filter((part) => part === "..").length;

/** The real path of something that need not exist yet in a folder that does. */
function realOf(path: string, real: (path: string) => string): string {
  try {
    return join(real(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** Of several as good none is taken. */
const onlyOf = (files: readonly string[]): string | null => (files.length === 1 ? files[0]! : null);
