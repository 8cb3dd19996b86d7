import { AllocationsCommand } from "./allocations.ts";
import { DeploymentsCommand } from "./deployments.ts";
import { JobsCommand } from "./jobs.ts";
import { WorkersCommand } from "./workers.ts";

/** The tables of `maand cat` (build.md 16). */
export const CAT_COMMANDS = [WorkersCommand, JobsCommand, AllocationsCommand, DeploymentsCommand];
