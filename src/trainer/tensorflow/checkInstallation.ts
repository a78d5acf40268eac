/** Whether an installed tfjs-node loads and computes. */
import * as z from "zod";
import { parseJson } from "../../core/parseJson.ts";
import { essence, runTool } from "../tools/runTool.ts";
import { TFJS_NODE } from "./tensorflowFolder.ts";

/** In a process of its own: a library that crashes must not take this one along, and one that is loaded cannot be replaced. */
const PROGRAM = `
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require(${JSON.stringify(TFJS_NODE)});
const a = tf.tensor2d([[1, 2], [3, 4]]);
const product = [...tf.matMul(a, tf.add(a, a)).dataSync()];
process.stdout.write("\\n" + JSON.stringify({ product, tensorflow: tf.backend().binding.TF_Version }) + "\\n");
`;

const answerSchema = z.object({ product: z.array(z.number()), tensorflow: z.string() });

export type InstallationCheck =
  | { readonly works: true /** version of the C library */; readonly tensorflow: string }
  | { readonly works: false; readonly reason: string };

/** @param folder whose node_modules hold the package */
export async function checkInstallation(folder: string, signal: AbortSignal): Promise<InstallationCheck> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" };
  const result = await runTool(process.execPath, ["-e", PROGRAM], { cwd: folder, env, signal, limitMinutes: 2 });
  if (!result.ok) return { works: false, reason: essence(result.output) || "its process ended without a word" };
  // Warnings, such as those of Node about tfjs-node, are on the other stream.
  const line = result.stdout.split("\n").find((text) => text.startsWith('{"product"'));
  const answer = answerSchema.safeParse(parseJson(line ?? ""));
  if (!answer.success) return { works: false, reason: "it does not answer" };
  const { product, tensorflow } = answer.data;
  if (product.join() !== "14,20,30,44") return { works: false, reason: `it computes wrongly (${product.join(", ")})` };
  return { works: true, tensorflow };
}
