/** The tools' host of a process of its own, for one folder. */
import { join } from "node:path";
import type { ToolHost } from "../../core/assistant/toolHost.ts";
import { fileToolHost } from "../../node/assistant/fileToolHost.ts";
import { queueResume, stopRun } from "../../node/run/changeRun.ts";
import { thisProgram } from "../../node/run/detached.ts";
import { enqueueStart } from "../../node/run/enqueue.ts";
import { ensureWorker } from "../../node/run/queueWorker.ts";
import { RunsFollower } from "../../node/run/runsFollower.ts";

interface LocalHost extends ToolHost {
  dispose(): void;
}

/**
 * @param root absolute path of the folder that may be looked into
 * @param runsDir absolute path of the folder that holds the runs
 * @param failed told of what concerns no single call
 */
export async function localToolHost(root: string, runsDir: string, failed: (why: string) => void): Promise<LocalHost> {
  const program = thisProgram();
  const follower = new RunsFollower({
    changed: () => {},
    waiting: () => {},
    failed: (error) => failed(`runs could not be listed: ${error instanceof Error ? error.message : String(error)}`),
  });
  await follower.follow([runsDir]);
  const work = () => ensureWorker(runsDir, program, failed);
  const host = fileToolHost({
    roots: () => [root],
    widen: "The user can start the server with another --root.",
    runsDirFor: () => runsDir,
    program,
    unsaved: () => null,
    restricted: () => null,
    async runs() {
      await follower.look();
      return follower.entries;
    },
    async start({ file, text, stage, set, from, name }) {
      const id = await enqueueStart({
        ...{ runsDir, experimentFile: file, experimentText: text, stage, set },
        from: from ?? undefined,
        name: name ?? undefined,
      });
      await work();
      return join(runsDir, id);
    },
    async resume(dir) {
      await queueResume(dir, work);
      await follower.lookAt(dir);
    },
    async stop(dir) {
      stopRun(dir);
      await follower.lookAt(dir);
    },
  });
  return { ...host, dispose: () => follower.dispose() };
}
