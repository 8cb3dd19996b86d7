export { type Counts, noCounts } from "./counts.ts";
export type { Range } from "./draws.ts";
export {
  hostAt,
  SIMULATED_CONFIG,
  type SimulatedBucket,
  simulatedBucket,
  useFleet,
  type WorkspaceSize,
  writeJob,
  writeWorkspace,
} from "./simulated-bucket.ts";
export { type SimulatedFleet, simulatedFleet } from "./simulated-fleet.ts";
export type { Simulation } from "./simulated-worker.ts";
