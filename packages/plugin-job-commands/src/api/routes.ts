import { KV_ROUTES } from "./kv-routes.ts";
import { SEMAPHORE_ROUTES } from "./semaphore-routes.ts";
import type { Call, Routes } from "./session.ts";
import { WORKER_ROUTES } from "./worker-routes.ts";

/** All routes for hooks. */
export const ROUTES: Routes = {
  ...KV_ROUTES,
  "/demands": { GET: demands },
  ...SEMAPHORE_ROUTES,
  ...WORKER_ROUTES,
};

/** Commands of other jobs that depend on this command. */
function demands({ session }: Call): unknown {
  return session.context
    .demandsOn(session.command)
    .map(({ job, command, config }) => ({ job, command, demand_config: config }));
}
