import { AllocationsCommand } from "./allocations.ts";
import { CertsCommand } from "./certs.ts";
import { DeploymentsCommand } from "./deployments.ts";
import { JobCommandsCommand } from "./job_commands.ts";
import { JobPortsCommand } from "./job_ports.ts";
import { JobsCommand } from "./jobs.ts";
import { KvCommand } from "./kv.ts";
import { KvGetCommand } from "./kv-get.ts";
import { WorkersCommand } from "./workers.ts";

/** The tables of `maand cat` (build.md 16). */
export const CAT_COMMANDS = [
  WorkersCommand,
  JobsCommand,
  AllocationsCommand,
  DeploymentsCommand,
  JobCommandsCommand,
  JobPortsCommand,
  CertsCommand,
  KvCommand,
  KvGetCommand,
];
