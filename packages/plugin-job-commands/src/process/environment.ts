import type { AllocationScope, ScopedJobContext } from "@maand/core";

/** The variables that describe a process and the API. */
export interface EnvironmentOptions {
  readonly scope: Pick<AllocationScope, "allocation" | "index" | "currentVersion" | "newVersion" | "deployReason">;
  readonly job: ScopedJobContext["job"];
  readonly event: string;
  readonly command: string;
  /** Variables of the event, such as `BATCH_INDEX`. */
  readonly more: Readonly<Record<string, string>>;
  readonly api: { readonly port: number; readonly token: string };
}

/** Variables that maand sets. The values of an outer maand process are not passed on. */
const OURS =
  /^(ALLOCATION_(ID|IP|INDEX)|DISABLED|JOB|EVENT|COMMAND|(CURRENT|NEW)_VERSION|(NEW|UPDATED)_ALLOCATIONS|BATCH_(ALLOCATIONS|INDEX|COUNT)|DEPLOY_(PHASE|REASON)|ROLLOUT_ORDER(_SOURCE)?|JOB_COMMAND_API_.*)$/;

/** The environment of a hook: the environment of maand, and the variables of the hook. */
export function environmentOf(
  { scope, job, event, command, more, api }: EnvironmentOptions,
  own: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const { allocation } = scope;
  const environment: Record<string, string> = { PYTHONUNBUFFERED: "1" };
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && !OURS.test(name)) environment[name] = value;
  return {
    ...environment,
    ...more,
    CURRENT_VERSION: scope.currentVersion,
    NEW_VERSION: scope.newVersion,
    DEPLOY_REASON: scope.deployReason,
    ALLOCATION_ID: allocation.id,
    ALLOCATION_IP: allocation.host,
    ALLOCATION_INDEX: String(scope.index),
    DISABLED: allocation.disabled ? "1" : "0",
    JOB: job.name,
    EVENT: event,
    COMMAND: command,
    JOB_COMMAND_API_HOST: "127.0.0.1",
    JOB_COMMAND_API_PORT: String(api.port),
    JOB_COMMAND_API_TOKEN: api.token,
  };
}
