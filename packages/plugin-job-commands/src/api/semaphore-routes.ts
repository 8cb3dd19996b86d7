import { Refusal } from "./refusal.ts";
import { nameIn, optionalNumber, timeoutIn } from "./request-fields.ts";
import { type Holder, MOST_SLOTS } from "./semaphores.ts";
import type { Call, Routes, Session } from "./session.ts";

/** The default and the maximum time to wait for a slot, in milliseconds. */
const USUAL_MS = 600_000;
const LONGEST_MS = 3_600_000;

/** Semaphores for the processes of one job and event. */
export const SEMAPHORE_ROUTES: Routes = {
  "/semaphore/acquire": { POST: acquire },
  "/semaphore/release": { POST: release },
  "/semaphore/status": { GET: status },
};

async function acquire(call: Call): Promise<unknown> {
  const { session, signal } = call;
  const { semaphores } = session;
  const { name, scope } = semaphoreOf(call);
  const capacity = capacityOf(call);
  const holder = holderOf(session);
  const timeoutMs = Math.min(timeoutIn(call) ?? USUAL_MS, LONGEST_MS);
  const { fresh } = await semaphores.acquire({ scope, name, holder, capacity, timeoutMs, signal });
  // the client disconnected at the moment of the grant, and would never release the slot
  if (fresh && signal.aborted) semaphores.release(scope, name, holder);
  return { name, allocation_id: holder.allocationId, capacity, acquired: true };
}

function release(call: Call): void {
  const { session } = call;
  const { name, scope } = semaphoreOf(call);
  if (!session.semaphores.release(scope, name, holderOf(session)))
    throw new Refusal(409, `semaphore ${name} is not held by this process`);
}

function status(call: Call): unknown {
  const { name, scope } = semaphoreOf(call);
  return call.session.semaphores.status(scope, name);
}

function semaphoreOf(call: Call): { readonly name: string; readonly scope: object } {
  return { name: nameIn(call, "name"), scope: scopeOf(call.session) };
}

function capacityOf(call: Call): number {
  const capacity = optionalNumber(call, "capacity") ?? 1;
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new Refusal(400, "capacity must be a whole number of at least 1");
  if (capacity > MOST_SLOTS) throw new Refusal(409, `capacity must be at most ${MOST_SLOTS}`);
  return capacity;
}

const scopes = new WeakMap<object, Map<string, object>>();

/** One object per job and event of a run. */
export function scopeOf({ context, event }: Pick<Session, "context" | "event">): object {
  const known = scopes.get(context.run) ?? new Map<string, object>();
  scopes.set(context.run, known);
  const key = `${context.job.name} ${event}`;
  const scope = known.get(key) ?? {};
  known.set(key, scope);
  return scope;
}

const holders = new WeakMap<Session, Holder>();

/** The holder that represents this process. */
export function holderOf(session: Session): Holder {
  const holder = holders.get(session) ?? { allocationId: session.scope.allocation.id };
  holders.set(session, holder);
  return holder;
}
