import { NAMESPACE } from "@maand/core/internal";
import { Refusal } from "./refusal.ts";
import { nameIn, optionalName, textIn } from "./request-fields.ts";
import type { Call, Routes, Session } from "./session.ts";

/** The only writable key of `maand/job/<job>`, and the events that may write it. */
const ROLLOUT_ORDER = "rollout_order";
const ORDERING = ["pre_deploy", "cli"];

/** Reads and writes KV entries. Writes are stored when the process succeeds. */
export const KV_ROUTES: Routes = {
  "/kv": { GET: read, PUT: write, DELETE: erase },
  "/kv/secret": { PUT: writeSecret, DELETE: eraseSecret },
  "/kv/keys": { GET: keys },
};

function read(call: Call): unknown {
  const { namespace, key } = entryOf(call);
  return { namespace, key, value: call.session.kv.get(namespace, key) };
}

function write(call: Call): void {
  const { namespace, key } = entryOf(call);
  mayWrite(call.session, namespace, key);
  const value = textIn(call, "value").trim();
  if (value === "") throw new Refusal(400, "value contains only blanks");
  call.session.kv.put(namespace, key, value);
}

function erase(call: Call): void {
  const { namespace, key } = entryOf(call);
  mayWrite(call.session, namespace, key);
  remove(call, namespace, key);
}

function writeSecret(call: Call): void {
  const { namespace, key } = entryOf(call);
  mayWriteSecret(call.session, namespace);
  call.session.kv.put(namespace, key, textIn(call, "value"));
}

function eraseSecret(call: Call): void {
  const { namespace, key } = entryOf(call);
  mayWriteSecret(call.session, namespace);
  remove(call, namespace, key);
}

/** Lists the keys of the job's own variables and secrets, not of other readable namespaces. */
function keys(call: Call): unknown {
  const { kv, context } = call.session;
  const own = [NAMESPACE.jobVars(context.job.name), NAMESPACE.secrets(context.job.name)];
  const only = optionalName(call, "namespace");
  if (only !== undefined && !own.includes(only))
    throw new Refusal(400, `keys of ${only} cannot be listed, only those of ${own.join(" and ")}`);
  const listed = only === undefined ? own : [only];
  return { namespaces: Object.fromEntries(listed.map((namespace) => [namespace, kv.keys(namespace)])) };
}

function entryOf(call: Call): { readonly namespace: string; readonly key: string } {
  return { namespace: nameIn(call, "namespace"), key: nameIn(call, "key") };
}

function remove({ session }: Call, namespace: string, key: string): void {
  if (!session.kv.remove(namespace, key)) throw new Refusal(404, `${namespace} has no key "${key}"`);
}

function mayWrite(session: Session, namespace: string, key: string): void {
  refuseInHealthCheck(session);
  const { job } = session.context;
  if (namespace === NAMESPACE.jobVars(job.name)) return;
  if (namespace === NAMESPACE.secrets(job.name)) throw new Refusal(400, "secrets must be written through /kv/secret");
  const isOrder = namespace === NAMESPACE.job(job.name) && key === ROLLOUT_ORDER;
  if (!isOrder) throw new Refusal(400, `a command of ${job.name} may not write ${namespace} ${key}`);
  if (!ORDERING.includes(session.event))
    throw new Refusal(400, `${ROLLOUT_ORDER} may be written in ${ORDERING.join(" and ")}, but not in ${session.event}`);
}

function mayWriteSecret(session: Session, namespace: string): void {
  refuseInHealthCheck(session);
  const own = NAMESPACE.secrets(session.context.job.name);
  if (namespace !== own) throw new Refusal(400, `the namespace of secrets is ${own}, not ${namespace}`);
}

function refuseInHealthCheck({ event }: Session): void {
  if (event === "health_check") throw new Refusal(400, "a health check cannot write");
}
