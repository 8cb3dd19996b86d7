import { stat } from "node:fs/promises";
import { type ExamineContext, isMaandError, type Worker } from "@maand/core";
import { Semaphore, shellLine } from "@maand/core/internal";
import { routeTo } from "../connect-worker.ts";
import type { SshOptions } from "../options.ts";
import { loginKeysFor } from "./login-keys.ts";

/** Checks the keys that are offered to workers, for `maand doctor`. */
export async function examineLoginKeys(context: ExamineContext, options: SshOptions): Promise<void> {
  const { workers, settings } = context;
  const seen = new Set<string>();
  for (const worker of workers)
    if ((worker.transport ?? settings.transport) === "ssh") await examineKey(context, worker, options, seen);
}

async function examineKey(
  context: ExamineContext,
  worker: Worker,
  options: SshOptions,
  seen: Set<string>,
): Promise<void> {
  const { bucket, report } = context;
  const { endpoint, connect } = await routeTo({ ...context, worker }, options, new Semaphore(1));
  const path = endpoint.keyCommand ? "ssh_key_command" : (endpoint.identities.at(-1) ?? "");
  if (seen.has(path)) return;
  seen.add(path);
  const where = path.startsWith(`${bucket.root}/`) ? path.slice(bucket.root.length + 1) : path;
  const base = { check: "ssh_key", where };
  const exists = endpoint.keyCommand ?? (await stat(path).catch(() => undefined));
  if (!exists && !connect.agent) {
    const hint = `${shellLine(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])}  # then add ${path}.pub to the workers`;
    report({ ...base, ok: false, message: "the key to log in with is missing", hint });
    return;
  }
  try {
    const { offered } = await loginKeysFor(
      { ...endpoint, identities: endpoint.keyCommand ? [] : [path] },
      connect.agent,
    );
    report({ ...base, ok: true, message: `is offered to workers: ${offered.join(", ")}`, hint: null });
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    const hint = cause.hint?.startsWith("chmod ") ? cause.hint : `# ${cause.hint ?? ""}`;
    report({ ...base, ok: false, message: cause.message, hint });
  }
}
