export type { MaintenanceReport } from "./conduct.ts";
export { type FailureLimit, parseFailureLimit } from "./domain/failure-limit.ts";
export type { MaintenanceRequest } from "./domain/request.ts";
export {
  abortMaintenance,
  type MaintenanceOptions,
  type ResumeOptions,
  resumeMaintenance,
  startMaintenance,
} from "./maintain.ts";
