/** `maskdm new DIR`: a commented experiment file with sizes that suit the images and the machine. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { experimentTemplate } from "../../core/experiment/newTemplate.ts";
import { suggestSizes } from "../../core/experiment/suggestSizes.ts";
import { SUPPORTED_FORMATS } from "../../core/images/fileKinds.ts";
import { runNameProblem } from "../../core/run/names.ts";
import { expandHome } from "../../node/homePath.ts";
import { openImages } from "../../node/images/openImages.ts";
import { type Machine, thisMachine } from "../../node/machine.ts";
import { maskdmCommand, shellArgument } from "../../node/shellCommand.ts";
import { type SurveyedImages, surveySource } from "./imageSurvey.ts";
import type { Io } from "./io.ts";
import { addExamples } from "./options.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("new")
    .description("Write a commented experiment file with sizes that suit the images and this machine.")
    .argument("<dir>", "folder for the experiment; made where it does not exist")
    .option("--data <path>", "folder, .zip, .tar or .parquet file of images (default: the images in <dir>)")
    .option("--name <name>", "name of the file, without .maskdm.yaml (default: that of <dir>)")
    .action(async (dir: string, options: { data?: string; name?: string }) => {
      const { file, survey, notes } = await writeNewExperiment(dir, options.data, thisMachine(), options.name);
      if (survey === null) io.stderr(`No image is there yet: put images into ${join(dir, "images")}.`);
      else io.stderr(`Looked at ${survey.sampled} of ${survey.count} images.`);
      for (const note of notes) io.stderr(`note: ${note}`);
      io.stdout(file);
      io.stderr(`Next: ${maskdmCommand("pretrain", file)}`);
    });
  addExamples(command, [
    ["maskdm new faces --data ~/pictures/faces", "write faces/faces.maskdm.yaml for a folder of images elsewhere"],
    ["maskdm new faces --data faces.zip", "the same for images in an archive, which are not unpacked"],
    ["maskdm new faces", "the same for images that are in faces/"],
    ["maskdm new . --name faces --data images", "write faces.maskdm.yaml into this folder"],
  ]);
}

/**
 * Writes DIR/<name>.maskdm.yaml.
 * @param data folder or archive of images; a relative one starts at the working directory
 * @param wanted name of the file; that of the folder if left out
 * @throws UserError where the file exists already, or where `data` is no folder or archive with images
 */
export async function writeNewExperiment(
  dir: string,
  data: string | undefined,
  machine: Pick<Machine, "cores" | "memoryBytes">,
  wanted?: string,
): Promise<{ file: string } & SurveyedImages> {
  const problem = wanted === undefined ? null : runNameProblem(wanted);
  if (problem !== null) throw new UserError(`${JSON.stringify(wanted)} is no name for an experiment: ${problem}.`);
  const name = wanted ?? (basename(resolve(dir)) || "experiment");
  const file = join(dir, `${name}.maskdm.yaml`);
  if ((await kindOf(dir)) === "file") throw new UserError(`${dir} is a file. Name a folder for the experiment.`);
  if ((await kindOf(file)) !== "nothing")
    throw new UserError(
      `${file} exists already and is left as it is. Choose another folder, or remove the file first.`,
    );
  const { dataPath, survey, notes } = data === undefined ? await imagesWithin(dir) : await imagesAt(dir, data);
  const sizes = suggestSizes(survey, machine);
  await mkdir(dir, { recursive: true });
  // "wx" refuses a file that came into being in the meantime.
  await writeFile(file, experimentTemplate({ file: shellArgument(`${name}.maskdm.yaml`), dataPath, survey, sizes }), {
    flag: "wx",
  });
  return { file, survey, notes };
}

async function imagesAt(dir: string, asked: string): Promise<{ dataPath: string } & SurveyedImages> {
  // A shell leaves ~ as it is within quotes.
  const data = expandHome(asked);
  const opened = await openImages(resolve(data));
  if (opened.kind === "missing")
    throw new UserError(`${data} does not exist. --data names a folder of images, or a .zip, .tar or .parquet file.`);
  if (opened.kind === "unusable") throw new UserError(`${data} ${opened.problem}`);
  const { survey, notes } = await surveySource(opened.source);
  if (survey === null) {
    const why = notes.map((note) => ` ${note}.`).join("");
    throw new UserError(`${data} holds no readable image (${SUPPORTED_FORMATS}).${why} Name what does.`);
  }
  // What was given as relative stays so, seen from the experiment's folder: both may be moved together.
  const dataPath = isAbsolute(data) ? data : relative(resolve(dir), resolve(data)) || ".";
  return { dataPath: dataPath.split(sep).join("/"), survey, notes };
}

async function imagesWithin(dir: string): Promise<{ dataPath: string } & SurveyedImages> {
  const notes: string[] = [];
  for (const dataPath of ["images", "."]) {
    const folder = join(dir, dataPath);
    const opened = await openImages(resolve(folder));
    if (opened.kind !== "opened") continue;
    const surveyed = await surveySource(opened.source);
    if (surveyed.survey !== null) return { dataPath, ...surveyed };
    notes.push(...surveyed.notes);
  }
  return { dataPath: "images", survey: null, notes };
}

async function kindOf(path: string): Promise<"file" | "folder" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return "nothing";
  }
}
