import { stat } from "node:fs/promises";
import { type ExamineContext, isMaandError, shellLine, type Worker } from "@maand/core";
import { Gate } from "./gate.ts";
import { credentialsFor } from "./identity.ts";
import { wayTo } from "./open.ts";
import type { SshOptions } from "./plugin.ts";

/** Looks at the keys that are offered to workers. */
export async function examineSsh(context: ExamineContext, options: SshOptions): Promise<void> {
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
  const { endpoint, how } = await wayTo({ ...context, worker }, options, new Gate(1));
  const path = endpoint.identities.at(-1) ?? "";
  if (seen.has(path)) return;
  seen.add(path);
  const where = path.startsWith(`${bucket.root}/`) ? path.slice(bucket.root.length + 1) : path;
  const there = await stat(path).catch(() => undefined);
  const base = { check: "ssh_key", where };
  if (!there && !how.agent) {
    const hint = `${shellLine(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])}  # then ${path}.pub goes to the workers`;
    report({ ...base, ok: false, message: "the key to log in with is not there", hint });
    return;
  }
  const { default: ssh2 } = await import("ssh2");
  try {
    const { offered } = await credentialsFor({ ...endpoint, identities: [path] }, how.agent, (data) =>
      ssh2.utils.parseKey(data),
    );
    report({ ...base, ok: true, message: `is offered to workers: ${offered.join(", ")}`, hint: null });
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    const hint = cause.hint?.startsWith("chmod ") ? cause.hint : `# ${cause.hint ?? ""}`;
    report({ ...base, ok: false, message: cause.message, hint });
  }
}
