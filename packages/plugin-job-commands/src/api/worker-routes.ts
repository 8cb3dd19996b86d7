import { Refusal } from "./refusal.ts";
import { nameIn, optionalName, textIn, timeoutIn } from "./request-fields.ts";
import type { Call, Routes } from "./session.ts";

/** Runs commands of hooks on workers, over the connections of this run. */
export const WORKER_ROUTES: Routes = {
  "/worker/run": { POST: runOnWorker },
  "/worker/target": { POST: runTarget },
  "/connection": { GET: connection },
};

/**
 * Runs a command line with `bash -c`, as one argument, so that sudo and the timeout apply to the whole command line.
 */
async function runOnWorker(call: Call): Promise<unknown> {
  const { scope, context } = call.session;
  const host = nameIn(call, "worker_ip");
  const command = textIn(call, "command");
  const timeoutMs = timeoutIn(call) ?? context.settings.timeouts.commandMs;
  const remote = await scope.remote(host);
  const { code, stdout, stderr } = await remote.probe(["bash", "-c", command], {
    asRoot: true,
    timeoutMs,
    signal: call.signal,
  });
  return { exit: code, stdout, stderr };
}

async function runTarget(call: Call): Promise<unknown> {
  const { scope, context } = call.session;
  const timeoutMs = timeoutIn(call);
  const target = nameIn(call, "target");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(target)) throw new Refusal(400, `"${target}" is not a target`);
  return await scope.runTarget({
    host: optionalName(call, "worker_ip") ?? scope.allocation.host,
    job: optionalName(call, "job") ?? context.job.name,
    target,
    signal: call.signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** The login data for the allocation's own worker, for scripts that use their own ssh. */
async function connection({ session: { scope } }: Call): Promise<unknown> {
  const login = await scope.login();
  if (!login) throw new Refusal(404, `no plugin provides the login data of ${scope.worker.host}`);
  return { user: login.user, key_path: login.keyFile, use_sudo: login.sudo, port: login.port };
}
