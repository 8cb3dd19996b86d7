import { isMaandError, type Job, type RecordedContext, type Secret, secret } from "@maand/core";
import { compareHosts, NAMESPACE, reveal } from "@maand/core/internal";
import { addressOf } from "../scrape/target.ts";
import { caFileOf, schemeOf } from "../server-job.ts";
import { SERVER_PORT } from "../sources.ts";
import { trustedAuthorities } from "./request.ts";

/** The login: a user and a password, or a token. */
export type Login = { readonly user: string; readonly password: Secret } | { readonly token: Secret };

/** A Prometheus that maand connects to. */
export interface Server {
  readonly host: string;
  /** `http://10.0.0.1:9090`. */
  readonly origin: string;
  readonly login?: Login;
  /** The trusted CAs; empty for http. */
  readonly ca: readonly string[];
}

/**
 * The server on the first active, deployed worker of a server job; undefined if there is none; a message if it cannot
 * be reached.
 */
export function serverOf(job: Job, context: RecordedContext): Server | string | undefined {
  const { allocations, promotedFiles, bucket } = context;
  const active = allocations.filter(
    (allocation) => allocation.job === job.name && !allocation.removed && !allocation.disabled,
  );
  const hosts = active.filter((allocation) => promotedFiles(allocation).length > 0).map(({ host }) => host);
  const [host] = hosts.sort(compareHosts);
  const port = job.ports[SERVER_PORT];
  if (host === undefined || port === undefined) return undefined;
  const login = loginOf(job, context);
  if (typeof login === "string") return login;
  const scheme = schemeOf(job);
  const server = { host, origin: `${scheme}://${addressOf(host, port)}`, ...(login ? { login } : {}) };
  if (scheme === "http") return { ...server, ca: [] };
  try {
    return { ...server, ca: trustedAuthorities(bucket.root, caFileOf(job)) };
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    return `Prometheus of job ${job.name}: ${cause.message}`;
  }
}

/** The login in the secrets of a server job; undefined without a login; a message if the login is incomplete. */
function loginOf(job: Job, { kv }: RecordedContext): Login | string | undefined {
  const value = (key: string) => kv(job).find(NAMESPACE.secrets(job.name), key);
  const [user, password, token] = [value("admin_username"), value("admin_password"), value("bearer_token")];
  if (token !== undefined) {
    if (user === undefined && password === undefined) return { token: secret(token) };
    return `the secrets of job ${job.name} have a bearer_token and an admin login; delete one of them`;
  }
  if (user !== undefined && password !== undefined) return { user, password: secret(password) };
  if (user === undefined && password === undefined) return undefined;
  const lacks = user === undefined ? "admin_username" : "admin_password";
  return `the secrets of job ${job.name} have no ${lacks}; set both or neither`;
}

/** The headers that log in to a server. */
export function loginHeaders({ login }: Pick<Server, "login">): Record<string, string> {
  if (!login) return {};
  if ("token" in login) return { Authorization: `Bearer ${reveal(login.token)}` };
  const credentials = Buffer.from(`${login.user}:${reveal(login.password)}`).toString("base64");
  return { Authorization: `Basic ${credentials}` };
}
