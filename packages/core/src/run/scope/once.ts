import type { Bucket } from "../../bucket/bucket.ts";
import type { OnceOptions, RunOnce } from "../../plugin-api/action-step.ts";
import type { ActionContext } from "../../plugin-api/contexts.ts";
import { mustSucceed } from "../../remote/output.ts";
import { titleOf } from "../../remote/quote.ts";
import type { Argv, ExecResult } from "../../remote/remote.ts";

type Given = Omit<ActionContext, "action" | "once">;

/**
 * The function that runs the commands of an action once. Commands are numbered in the order of the calls. Without a
 * step, or without a plugin that keeps receipts on the worker, a command runs through `remote.exec`.
 */
export function onceFor({ hooks }: Pick<Bucket, "hooks">, given: Given): RunOnce {
  let number = 0;
  return async (argv: Argv, options: OnceOptions = {}): Promise<ExecResult> => {
    const { remote, directory, signal, step, log } = given;
    const onLine = options.onLine ?? ((line, stream) => log(line, { stream }));
    const limits = { timeoutMs: options.timeoutMs ?? given.timeoutMs, onLine };
    if (step) {
      number += 1;
      const title = titleOf(argv, options);
      const command = { id: `${step.id}+${number}`, argv, title, env: options.env ?? {}, ...limits };
      const result = await hooks.runOnce.promise(Object.freeze({ ...given, step, command }));
      if (result) return mustSucceed(remote.host, title, result);
    }
    return remote.exec(argv, { ...options, ...limits, cwd: directory, asRoot: true, signal });
  };
}
