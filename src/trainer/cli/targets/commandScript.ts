import { shellArgument } from "../../../node/shellCommand.ts";

/** What a script of `compute.target: command` does. */
export interface ScriptedTraining {
  readonly run: string;
  /** absolute; holds the package maskdm_torch, and gets the files begun, ended and output.txt */
  readonly folder: string;
  /** path of a Python, where the other machine's MASKDM_PYTHON names none */
  readonly python: string;
  /** of maskdm_torch */
  readonly args: readonly string[];
}

/**
 * A script for any POSIX shell, wherever the command takes it: it trains, and whoever starts it again, such as Slurm after a requeue, lets the run go
 * on. SIGTERM, SIGINT and SIGHUP let the run save and end. So does SIGUSR1, by which Slurm warns of the end of a job's time
 * (`sbatch --signal=B:USR1@120`); then the job is queued again.
 */
export function trainingScript({ run, folder, python, args }: ScriptedTraining): string {
  return `#!/bin/sh
# Trains ${run} (maskdm, compute.target: command). Started again it goes on.
folder=${quoted(folder)}
if ! [ -d "$folder" ]; then
  echo "maskdm: $folder is not there: the training was given up or ordered anew, or this machine does not share the folder of the runs" >&2
  exit 1
fi
python=\${MASKDM_PYTHON:-${quoted(python)}}
if ! command -v "$python" >/dev/null; then
  echo "maskdm: $python is not on this machine; set MASKDM_PYTHON to a Python with PyTorch" >&2
  exit 127
fi
if [ -e "$folder/begun" ]; then export MASKDM_STARTED_AGAIN=1; fi
rm -f "$folder/ended"
hostname > "$folder/begun"
export PYTHONPATH="$folder\${PYTHONPATH:+:$PYTHONPATH}" PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 PYTHONUTF8=1
"$python" -m maskdm_torch ${args.map(quoted).join(" ")} > /dev/null 2>> "$folder/output.txt" &
training=$!
# Slurm sends its SIGTERM to all processes of a job, and a second one would end the training without saving.
trap '[ -n "$SLURM_JOB_ID" ] || kill -TERM $training 2>/dev/null' TERM INT HUP
trap 'again=1; kill -TERM $training 2>/dev/null' USR1
wait $training
code=$?
# A signal to this shell ends its wait, not the training. Some shells tell an exit code once, others again and again.
while [ $code -gt 128 ]; do
  told=$code
  kill -0 $training 2>/dev/null && gone= || gone=1
  wait $training
  code=$?
  if [ $code = 127 ]; then code=$told; fi
  if [ -n "$gone" ]; then break; fi
done
if [ -n "$again" ] && [ -n "$SLURM_JOB_ID" ]; then
  scontrol requeue "$SLURM_JOB_ID" && exit 0
fi
echo $code > "$folder/ended.new" && mv "$folder/ended.new" "$folder/ended"
exit $code
`;
}

/** For a shell of POSIX, whatever this machine's own is. */
const quoted = (text: string): string => shellArgument(text, "linux");
