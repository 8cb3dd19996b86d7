import type { Context } from "@maand/command";
import type { CommandClass } from "clipanion";

/** The commands of this plugin by path. Each one is imported only when it is used. */
export const COMMANDS = {
  run_command: async () => (await import("./run_command.ts")).RunCommandCommand,
  maintain: async () => (await import("./maintain/begin.ts")).MaintainCommand,
  "maintain status": async () => (await import("./maintain/status.ts")).MaintainStatusCommand,
  "maintain resume": async () => (await import("./maintain/control.ts")).MaintainResumeCommand,
  "maintain abort": async () => (await import("./maintain/control.ts")).MaintainAbortCommand,
  worker_facts: async () => (await import("./worker_facts.ts")).WorkerFactsCommand,
  "worker trust": async () => (await import("./worker-trust.ts")).WorkerTrustCommand,
  "job create": async () => (await import("./job-create.ts")).JobCreateCommand,
  "cat workers": async () => (await import("./cat/workers.ts")).WorkersCommand,
  "cat jobs": async () => (await import("./cat/jobs.ts")).JobsCommand,
  "cat allocations": async () => (await import("./cat/allocations.ts")).AllocationsCommand,
  "cat deployments": async () => (await import("./cat/deployments.ts")).DeploymentsCommand,
  "cat job_commands": async () => (await import("./cat/job_commands.ts")).JobCommandsCommand,
  "cat job_ports": async () => (await import("./cat/job_ports.ts")).JobPortsCommand,
  "cat certs": async () => (await import("./cat/certs.ts")).CertsCommand,
  "cat kv": async () => (await import("./cat/kv.ts")).KvCommand,
  "cat kv get": async () => (await import("./cat/kv-get.ts")).KvGetCommand,
  releases: async () => (await import("./releases.ts")).ReleasesCommand,
  "rollout status": async () => (await import("./rollout-status.ts")).RolloutStatusCommand,
  "secret list": async () => (await import("./secret/list.ts")).SecretListCommand,
  "secret get": async () => (await import("./secret/get.ts")).SecretGetCommand,
  info: async () => (await import("./info.ts")).InfoCommand,
  "logs show": async () => (await import("./logs-show.ts")).LogsShowCommand,
  status: async () => (await import("./status.ts")).StatusCommand,
  drift: async () => (await import("./drift.ts")).DriftCommand,
  "drift adopt": async () => (await import("./drift-adopt.ts")).DriftAdoptCommand,
  doctor: async () => (await import("./doctor.ts")).DoctorCommand,
  schema: async () => (await import("./schema.ts")).SchemaCommand,
} satisfies Readonly<Record<string, () => Promise<CommandClass<Context>>>>;
