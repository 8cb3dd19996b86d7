/** Plans in files, for `maand plan` and `maand deploy --plan`. Unstable: anything here may change in any version. */
export { deployPlan } from "./deploy-plan.ts";
export { planText, readPlan } from "./file/plan-file.ts";
export type { SavedAllocation, SavedJob, SavedPlan } from "./file/plan-schema.ts";
export { type MadePlan, makePlan } from "./make-plan.ts";
export { planWorkspace, type WorkspacePlan } from "./plan-workspace.ts";
