import { stat } from "node:fs/promises";
import { type ExamineContext, isMaandError, shellLine, type Worker } from "@maand/core";
import { Gate } from "./gate.ts";
import { credentialsFor } from "./identity.ts";
import { wayTo } from "./open.ts";
import type { SshOptions } from "./plugin.ts";
import { inspectHostKey } from "./trust.ts";

/** Looks at the keys that are offered to workers, and at the keys that workers show. */
export async function examineSsh(context: ExamineContext, options: SshOptions): Promise<void> {
  const { workers, settings } = context;
  const mine = workers.filter(({ transport }) => (transport ?? settings.transport) === "ssh");
  const seen = new Set<string>();
  const asking = new Gate(16);
  await Promise.all(
    mine.map(async (worker) => {
      await examineKey(context, worker, options, seen);
      const leave = await asking.enter(context.signal);
      await examineHostKey(context, worker, options).finally(leave);
    }),
  );
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

/** A worker that does not answer is told of when it is connected; here only those that show a key count. */
async function examineHostKey(context: ExamineContext, worker: Worker, options: SshOptions): Promise<void> {
  const { bucket, report } = context;
  const found = await inspectHostKey({ ...context, worker }, options).catch(() => undefined);
  if (!found) return;
  const base = { check: "host_key", where: worker.host };
  if (found.state !== "changed") {
    const message =
      found.state === "pinned" ? "is the pinned one" : `will be pinned: ${found.key.type} ${found.fingerprint}`;
    report({ ...base, ok: true, message, hint: null });
    return;
  }
  const forget = shellLine(["ssh-keygen", "-R", found.name, "-f", `${bucket.root}/secrets/known_hosts`]);
  const message = `is another one: pinned ${found.pinned.join(", ")}, shown ${found.key.type} ${found.fingerprint}`;
  report({
    ...base,
    ok: false,
    message,
    hint: `${forget}  # only if the machine was built anew; if not, somebody may be in between`,
  });
}
