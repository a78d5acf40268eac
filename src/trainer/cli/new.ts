/** `maskdm new DIR`: a commented experiment file with sizes that suit the images and the machine. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { runNameProblem } from "../../core/run/names.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { SUPPORTED_FORMATS } from "../data/imageFormat.ts";
import { type ImageSurvey, surveyImages } from "./imageSurvey.ts";
import type { Io } from "./io.ts";
import { experimentTemplate } from "./newTemplate.ts";
import { addExamples } from "./options.ts";
import { type Machine, suggestSizes } from "./suggestSizes.ts";

export function register(program: Command, io: Io): void {
  const command = program
    .command("new")
    .description("Write a commented experiment file with sizes that suit the images and this machine.")
    .argument("<dir>", "folder for the experiment; made where it does not exist")
    .option("--data <path>", "folder of images (default: the images in <dir>)")
    .option("--name <name>", "name of the file, without .maskdm.yaml (default: that of <dir>)")
    .action(async (dir: string, options: { data?: string; name?: string }) => {
      const { file, survey } = await writeNewExperiment(dir, options.data, thisMachine(), options.name);
      if (survey === null) io.stderr(`No image is there yet: put images into ${join(dir, "images")}.`);
      else io.stderr(`Looked at ${survey.sampled} of ${survey.count} images.`);
      io.stdout(file);
      io.stderr(`Next: ${maskdmCommand("pretrain", file)}`);
    });
  addExamples(command, [
    ["maskdm new faces --data ~/pictures/faces", "write faces/faces.maskdm.yaml for a folder of images elsewhere"],
    ["maskdm new faces", "the same for images that are in faces/"],
    ["maskdm new . --name faces --data images", "write faces.maskdm.yaml into this folder"],
  ]);
}

/**
 * Writes DIR/<name>.maskdm.yaml.
 * @param data folder of images; a relative one starts at the working directory
 * @param wanted name of the file; that of the folder if left out
 * @throws UserError where the file exists already, or where `data` is no folder with images
 */
export async function writeNewExperiment(
  dir: string,
  data: string | undefined,
  machine: Machine,
  wanted?: string,
): Promise<{ file: string; survey: ImageSurvey | null }> {
  const problem = wanted === undefined ? null : runNameProblem(wanted);
  if (problem !== null) throw new UserError(`${JSON.stringify(wanted)} is no name for an experiment: ${problem}.`);
  const name = wanted ?? (basename(resolve(dir)) || "experiment");
  const file = join(dir, `${name}.maskdm.yaml`);
  if ((await kindOf(dir)) === "file") throw new UserError(`${dir} is a file. Name a folder for the experiment.`);
  if ((await kindOf(file)) !== "nothing")
    throw new UserError(
      `${file} exists already and is left as it is. Choose another folder, or remove the file first.`,
    );
  const { dataPath, survey } = data === undefined ? await imagesWithin(dir) : await imagesAt(dir, data);
  const sizes = suggestSizes(survey, machine);
  await mkdir(dir, { recursive: true });
  // "wx" refuses a file that came into being in the meantime.
  await writeFile(file, experimentTemplate({ fileName: `${name}.maskdm.yaml`, dataPath, survey, sizes }), {
    flag: "wx",
  });
  return { file, survey };
}

async function imagesAt(dir: string, data: string): Promise<{ dataPath: string; survey: ImageSurvey }> {
  if ((await kindOf(data)) !== "folder")
    throw new UserError(`${data} is not a folder. --data names a folder of images.`);
  const survey = await surveyImages(data);
  if (survey === null) {
    throw new UserError(`${data} holds no readable image (${SUPPORTED_FORMATS}). Name a folder that does.`);
  }
  // What was given as relative stays so, seen from the experiment's folder: both may be moved together.
  const dataPath = isAbsolute(data) ? data : relative(resolve(dir), resolve(data)) || ".";
  return { dataPath: dataPath.split(sep).join("/"), survey };
}

async function imagesWithin(dir: string): Promise<{ dataPath: string; survey: ImageSurvey | null }> {
  for (const dataPath of ["images", "."]) {
    const folder = join(dir, dataPath);
    const survey = (await kindOf(folder)) === "folder" ? await surveyImages(folder) : null;
    if (survey !== null) return { dataPath, survey };
  }
  return { dataPath: "images", survey: null };
}

async function kindOf(path: string): Promise<"file" | "folder" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return "nothing";
  }
}

function thisMachine(): Machine {
  return { cores: availableParallelism(), memoryBytes: totalmem() };
}
