import { type CommitContext, type Job, type Secret, secret } from "@maand/core";
import { compareHosts, NAMESPACE, reveal } from "@maand/core/internal";
import { addressOf } from "../scrape/target.ts";
import { SERVER_PORT } from "../sources.ts";

/** A Prometheus that a deploy connects to. */
export interface Server {
  readonly host: string;
  /** `http://10.0.0.1:9090`. */
  readonly origin: string;
  readonly login?: { readonly user: string; readonly password: Secret };
}

/** The first active worker of a server job that was deployed; undefined for none, a text if its secrets are wrong. */
export function serverOf(job: Job, context: CommitContext): Server | string | undefined {
  const { allocations, promotedFiles, kv } = context;
  const active = allocations.filter(
    (allocation) => allocation.job === job.name && !allocation.removed && !allocation.disabled,
  );
  const hosts = active.filter((allocation) => promotedFiles(allocation).length > 0).map(({ host }) => host);
  const [host] = hosts.sort(compareHosts);
  const port = job.ports[SERVER_PORT];
  if (host === undefined || port === undefined) return undefined;
  const server = { host, origin: `http://${addressOf(host, port)}` };
  const secrets = NAMESPACE.secrets(job.name);
  const user = kv(job).find(secrets, "admin_username");
  const password = kv(job).find(secrets, "admin_password");
  if (user !== undefined && password !== undefined) return { ...server, login: { user, password: secret(password) } };
  if (user === undefined && password === undefined) return server;
  const lacks = user === undefined ? "admin_username" : "admin_password";
  return `the secrets of job ${job.name} have no ${lacks}; both or neither are needed`;
}

/** The headers that log in to a server. */
export function loginHeaders({ login }: Pick<Server, "login">): Record<string, string> {
  if (!login) return {};
  const credentials = Buffer.from(`${login.user}:${reveal(login.password)}`).toString("base64");
  return { Authorization: `Basic ${credentials}` };
}
