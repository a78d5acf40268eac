/** Ray's job API, https://docs.ray.io/en/latest/cluster/running-applications/job-submission/api.html, as far as it is used here. */
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { parseJson } from "../../core/parseJson.ts";
import type { EnginePackage } from "./enginePackage.ts";
import { type Answer, request } from "./request.ts";

/** The head of a busy cluster takes its time. */
const PATIENCE_MS = 30_000;
/** A submission is answered once a process for it was found. */
const SUBMISSION_MS = 180_000;
export const DEFAULT_ADDRESS = "http://127.0.0.1:8265";

const jobSchema = z.object({
  submission_id: z.string().nullish(),
  status: z.enum(["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"]),
  message: z.string().nullish(),
  error_type: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  driver_exit_code: z.number().int().nullish(),
});

export type RayJob = z.output<typeof jobSchema>;

export const hasEnded = ({ status }: RayJob): boolean => status !== "PENDING" && status !== "RUNNING";

/** What a job is to be. */
export interface Submission {
  readonly id: string;
  readonly entrypoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Nobody answers, or not in time. */
export class RayUnreachable extends UserError {}

/** What RAY_ADDRESS says to Ray's own commands may be another kind of address, which is no dashboard's. */
export function rayAddress(asked: string | null, env: NodeJS.ProcessEnv = process.env): string {
  const named = env["RAY_ADDRESS"] ?? "";
  return (asked ?? (/^https?:\/\//.test(named) ? named : DEFAULT_ADDRESS)).replace(/\/+$/, "");
}

/** The jobs of a cluster. Every method throws RayUnreachable where it does not answer, and UserError where it refuses. */
export class RayJobs {
  constructor(readonly address: string) {}

  /** Version of Ray. */
  async version(): Promise<string> {
    const text = await this.ask("GET", "/api/version");
    const answer = z.object({ ray_version: z.string() }).safeParse(parseJson(text ?? ""));
    if (answer.success) return answer.data.ray_version;
    throw new RayUnreachable(`What answers at ${this.address} is no Ray cluster. ${NAME_ANOTHER}`);
  }

  /** Those that were submitted for a run, whatever became of them. @param key entry of their metadata, with its value */
  async having(key: string, value: string): Promise<RayJob[]> {
    const all = z.array(jobSchema).parse(parseJson((await this.ask("GET", "/api/jobs/")) ?? "[]"));
    return all.filter(({ submission_id, metadata }) => submission_id && metadata?.[key] === value);
  }

  /** null: the cluster knows no such job, as after its head was started anew. */
  async job(id: string): Promise<RayJob | null> {
    const text = await this.ask("GET", `/api/jobs/${id}`);
    return text === null ? null : jobSchema.parse(parseJson(text));
  }

  /** All that its driver has printed. */
  async log(id: string): Promise<string> {
    const text = await this.ask("GET", `/api/jobs/${id}/logs`);
    const answer = z.object({ logs: z.string() }).safeParse(parseJson(text ?? ""));
    return answer.success ? answer.data.logs : "";
  }

  async stop(id: string): Promise<void> {
    await this.ask("POST", `/api/jobs/${id}/stop`);
  }

  /** Uploads the package where the cluster does not have it, and submits. An id that is taken is a job that was submitted before. */
  async submit({ id, entrypoint, environment, metadata }: Submission, engine: EnginePackage): Promise<void> {
    const place = `/api/packages/gcs/${engine.name}`;
    if ((await this.ask("GET", place)) === null) await this.ask("PUT", place, engine.data);
    const runtime_env = { py_modules: [`gcs://${engine.name}`], env_vars: environment };
    try {
      await this.ask("POST", "/api/jobs/", JSON.stringify({ submission_id: id, entrypoint, runtime_env, metadata }));
    } catch (error) {
      // It may have been taken all the same.
      if ((await this.job(id)) === null) throw error;
    }
  }

  /** @returns the answer's text; null: there is no such thing */
  private async ask(method: string, path: string, body: string | Buffer | null = null): Promise<string | null> {
    let answer: Answer;
    try {
      answer = await request(this.address + path, method, body, body === null ? PATIENCE_MS : SUBMISSION_MS);
    } catch (error) {
      throw new RayUnreachable(
        `No Ray cluster answers at ${this.address} (${reasonOf(error)}). ${NAME_ANOTHER}`,
        "failure",
      );
    }
    if (answer.status === 404) return null;
    if (answer.status < 300) return answer.text;
    if (answer.status >= 500 && method === "GET") {
      throw new RayUnreachable(
        `The Ray cluster at ${this.address} does not do its work (it answers ${answer.status}).`,
        "failure",
      );
    }
    const said = answer.text.trim().split("\n").at(-1) || `it answers ${answer.status}`;
    throw new UserError(`The Ray cluster at ${this.address} refuses: ${said}`, "failure");
  }
}

const NAME_ANOTHER =
  "Name its dashboard by compute.address or RAY_ADDRESS, or start one with: ray start --head (docs/cluster.md).";

function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  return name === "AbortError" ? "it takes too long" : (code ?? message);
}
