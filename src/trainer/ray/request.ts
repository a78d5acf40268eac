/** One HTTP request. By Node's own module: what its fetch sends, Ray takes for a browser's, whose requests it refuses. */
import * as http from "node:http";
import * as https from "node:https";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * @param limitMs after which it is given up
 * @throws Error where nobody answers in time
 */
export function request(url: string, method: string, body: string | Buffer | null, limitMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === null ? {} : { "content-length": Buffer.byteLength(body) };
    const options = { method, headers, agent: false, signal: AbortSignal.timeout(limitMs) };
    const asked = (url.startsWith("https:") ? https : http).request(url, options, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body ?? undefined);
  });
}
