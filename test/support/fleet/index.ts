/** Real sshd workers on this machine's loopback addresses, for end-to-end tests and benchmarks. Needs root. */
export { type Fleet, type FleetOptions, startFleet, withFleet } from "./fleet.ts";
export { fleetRefusal } from "./permission.ts";
export { BUCKET_ID, type ConnectHow, remotesFor, type WorkerRemotes } from "./remotes.ts";
export { until } from "./until.ts";
export type { FleetWorker, WorkerCommandResult } from "./worker.ts";
