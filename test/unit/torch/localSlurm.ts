/** A Slurm of one node on this machine, as Debian has it: apt install slurm-wlm munge. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../../src/node/findProgram.ts";
import { processExists } from "../../../src/node/run/process.ts";
import { until } from "../training/support.ts";

/** Where its daemons are is not on every PATH. */
const PATH = `${process.env["PATH"]}:/usr/sbin:/sbin`;
const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel"];

/** Why there can be none here; null: there can. */
export function whyNoSlurm(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "Slurm's daemons need Linux, and root";
  const missing = PROGRAMS.filter((name) => findProgram(name, { PATH }) === null);
  return missing.length === 0 ? null : `${missing.join(", ")} missing: apt install slurm-wlm munge`;
}

export class LocalSlurm {
  private constructor(private readonly folder: string) {}

  /** What its commands need in their environment. */
  get env(): NodeJS.ProcessEnv {
    return { PATH, SLURM_CONF: join(this.folder, "slurm.conf") };
  }

  static async start(folder: string): Promise<LocalSlurm> {
    const slurm = new LocalSlurm(folder);
    const at = (name: string): string => join(folder, name);
    for (const name of ["", "state", "spool"]) mkdirSync(at(name), { recursive: true });
    writeFileSync(at("munge.key"), randomBytes(1024), { mode: 0o600 });
    const [host] = hostname().split(".");
    const settings = [
      ...[`ClusterName=maskdm`, `SlurmctldHost=${host}(127.0.0.1)`, `SlurmUser=root`, `SlurmdUser=root`],
      ...[`AuthType=auth/munge`, `AuthInfo=socket=${at("munge.socket")}`],
      ...[`SlurmctldPort=${await freePort()}`, `SlurmdPort=${await freePort()}`],
      ...[`StateSaveLocation=${at("state")}`, `SlurmdSpoolDir=${at("spool")}`],
      ...[`SlurmctldPidFile=${at("slurmctld.pid")}`, `SlurmdPidFile=${at("slurmd.pid")}`],
      ...[`SlurmctldLogFile=${at("slurmctld.log")}`, `SlurmdLogFile=${at("slurmd.log")}`],
      ...[`ProctrackType=proctrack/linuxproc`, `TaskPlugin=task/none`, `MpiDefault=none`, `ReturnToService=2`],
      ...[`SelectType=select/cons_tres`, `SelectTypeParameters=CR_CPU`, `KillWait=60`],
      // A busy machine is slow to answer, which is no failure of the node.
      ...[`SlurmdTimeout=300`, `MessageTimeout=60`, `SchedulerParameters=batch_sched_delay=0,sched_interval=5`],
      `NodeName=${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} State=UNKNOWN`,
      `PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP`,
    ];
    writeFileSync(at("slurm.conf"), `${settings.join("\n")}\n`);
    const munge = ["socket", "key", "pid", "seed"].map((name) => `--${name}-file=${at(`munge.${name}`)}`);
    munge[0] = `--socket=${at("munge.socket")}`;
    slurm.run("munged", "--force", ...munge, `--log-file=${at("munge.log")}`);
    slurm.run("slurmctld");
    slurm.run("slurmd", "-N", host!);
    await until("a node of Slurm that is idle", () => slurm.run("sinfo", "-h", "-o", "%T").trim() === "idle", 120);
    return slurm;
  }

  /** @returns what a command of Slurm's printed */
  run(program: string, ...args: readonly string[]): string {
    const env = { ...process.env, ...this.env };
    return execFileSync(findProgram(program, env)!, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** The only job there is. */
  get job(): string {
    return this.run("squeue", "-h", "-o", "%i").trim();
  }

  async stop(): Promise<void> {
    for (const name of ["slurmd", "slurmctld", "munge"]) {
      const pid = Number(readFileSync(join(this.folder, `${name}.pid`), "utf8"));
      process.kill(pid, "SIGTERM");
      await until(`the end of ${name}`, () => !processExists(pid), 60);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
