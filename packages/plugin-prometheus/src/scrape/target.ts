import type { Job } from "@maand/core";

/** A placeholder target for a port of the job on its workers. */
export interface PortTarget {
  readonly port: number;
  /** The only worker; undefined for all. */
  readonly host: string | undefined;
}

/** The problem of a target, and the fix. */
export interface TargetFlaw {
  readonly message: string;
  readonly hint: string;
}

const PREFIX = "maand:";
const PORT = "maand:port/";
const IMPLICIT = "_implicit";
const METRICS = "metrics_port";

/** Whether a target is a placeholder that maand replaces. */
export function isPortTarget(target: string): boolean {
  return target.startsWith(PORT);
}

/** Resolves a placeholder target of a job; undefined for a plain address, which stays unchanged. */
export function readTarget(target: string, job: Pick<Job, "name" | "ports">): PortTarget | TargetFlaw | undefined {
  if (!target.startsWith(PREFIX)) return target.includes("/") ? NO_URL : undefined;
  if (!isPortTarget(target))
    return { message: `"${target}" is not a placeholder of maand`, hint: `write ${PORT}<name>, or an address` };
  const [key = "", ...rest] = target.slice(PORT.length).split("/");
  if (key === "")
    return { message: `"${target}" names no port`, hint: `write ${PORT}<name of a port in resources.ports>` };
  const port = key === IMPLICIT ? implicitPort(job) : declaredPort(key, job);
  return typeof port === "number" ? { port, host: rest.length === 0 ? undefined : rest.join("/") } : port;
}

/** Whether the target was refused. */
export function isFlaw(target: PortTarget | TargetFlaw | undefined): target is TargetFlaw {
  return target !== undefined && "message" in target;
}

/** An address with its port, in the form that Prometheus accepts. */
export function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const NO_URL: TargetFlaw = {
  message: "a target is an address, not a URL",
  hint: "write host:port; scheme and metrics_path are keys of the scrape configuration",
};

function declaredPort(key: string, { name, ports }: Pick<Job, "name" | "ports">): number | TargetFlaw {
  const port = ports[key];
  if (port !== undefined) return port;
  return { message: `job ${name} declares no port "${key}"`, hint: declared(ports) };
}

/** `<job>_metrics_port`, otherwise `metrics_port`, otherwise the only port with this suffix. */
function implicitPort({ name, ports }: Pick<Job, "name" | "ports">): number | TargetFlaw {
  const named = ports[`${name}_${METRICS}`] ?? ports[METRICS];
  if (named !== undefined) return named;
  const fitting = Object.keys(ports).filter((key) => key.endsWith(`_${METRICS}`));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return ports[only] ?? 0;
  const found =
    fitting.length === 0 ? `no port "${name}_${METRICS}" or "${METRICS}"` : `${fitting.sort().join(" and ")}`;
  return {
    message: `${IMPLICIT} finds ${found} in job ${name}`,
    hint: fitting.length === 0 ? declared(ports) : `name one of them: ${PORT}${fitting[0]}`,
  };
}

function declared(ports: Job["ports"]): string {
  const names = Object.keys(ports).sort();
  return names.length === 0 ? "declare it under resources.ports of the manifest" : `declared: ${names.join(", ")}`;
}
