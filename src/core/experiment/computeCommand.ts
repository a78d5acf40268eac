/** `compute.command`: a command line of the user's shell with placeholders. */

/** script: the shell script that trains; folder: where it lies, with room for what the command writes; run: the run's name; workers: compute.workers. */
export const COMMAND_PLACEHOLDERS = ["script", "folder", "run", "workers"] as const;
export type CommandPlaceholder = (typeof COMMAND_PLACEHOLDERS)[number];

/** The shell's own ${NAME} is none. */
const NAME_IN_BRACES = /(?<!\$)\{([A-Za-z_]+)\}/g;

const isKnown = (name: string): name is CommandPlaceholder =>
  (COMMAND_PLACEHOLDERS as readonly string[]).includes(name);

/** Names in braces that stand for nothing. */
export const unknownPlaceholders = (command: string): string[] =>
  [...command.matchAll(NAME_IN_BRACES)].map(([, name]) => name!).filter((name) => !isKnown(name));

/** Whether a command takes the script along, without which nothing trains. */
export const takesScript = (command: string): boolean => command.includes("{script}");

/** @param values quoted as the shell needs it */
export const filledCommand = (command: string, values: Readonly<Record<CommandPlaceholder, string>>): string =>
  command.replace(NAME_IN_BRACES, (text, name: string) => (isKnown(name) ? values[name] : text));

/** What takes the script to where people have their GPUs, to begin with. */
export const COMMAND_TEMPLATES: readonly { readonly to: string; readonly command: string }[] = [
  {
    to: "Slurm",
    command:
      "sbatch --wait --requeue --gpus={workers} --time=24:00:00 --signal=B:USR1@120 --job-name={run} --output={folder}/slurm.txt {script}",
  },
  { to: "a machine by ssh", command: "ssh gpu-host MASKDM_PYTHON=/opt/torch/bin/python sh {script}" },
  {
    to: "Docker",
    command:
      "docker run --rm --gpus all --ipc=host -v /shared:/shared -e MASKDM_PYTHON=python pytorch/pytorch sh {script}",
  },
  { to: "SkyPilot", command: "sky jobs launch --yes --gpus H100:{workers} --name {run} 'sh {script}'" },
];
