import type { HttpBindings } from "@hono/node-server";
import { isMaandError } from "@maand/core/readonly";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Endpoint, Person } from "../access/access.ts";
import { checkHost, checkOrigin, checkWrite, cookieHeader, sessionOf } from "../access/guard.ts";
import type { Session, Sessions } from "../access/sessions.ts";
import type { AppFiles } from "../app-files.ts";
import { HEADERS } from "./headers.ts";
import { Refused, refusal } from "./refused.ts";
import { jsonOf, MOST_BODY, tooLarge } from "./request-body.ts";

/** A request that has passed all checks. */
export interface ApiRequest {
  readonly session: Session;
  readonly query: URLSearchParams;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The JSON of a write; undefined for a read. */
  readonly body: unknown;
}

/** A response with a status other than 200. */
export class Answer {
  readonly status: 200 | 201 | 202;
  readonly body: unknown;

  constructor(status: Answer["status"], body: unknown) {
    this.status = status;
    this.body = body;
  }
}

/** Prepared JSON, as bytes. */
export class Ready {
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }
}

/** One path of the API. Returns the JSON of a response with status 200, an {@link Answer}, or a complete response. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Below `/api`, with `:name` for a part: `/runs/:id`. */
  readonly path: string;
  answer(request: ApiRequest): unknown;
}

/** The parts of the server. */
export interface Served {
  readonly endpoint: Endpoint;
  readonly sessions: Sessions;
  readonly files: AppFiles;
  readonly routes: readonly Route[];
  /** The holder of a token; undefined for an invalid token. */
  personOf(token: string): Person | undefined;
  /** The current permissions of a person; undefined if the person may no longer use the web UI. */
  now(person: Person): Person | undefined;
  /** Called after a one-time code was used up. */
  codeUsed(): void;
  /** Reports an error of the server itself, not one of a request. */
  failed(cause: unknown): void;
}

type Env = { Bindings: HttpBindings };

/** The complete server, as a function from requests to responses. */
export function uiApp(served: Served): Hono<Env> {
  const { endpoint, files } = served;
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    checkHost(c.env.incoming, endpoint);
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  });
  app.use("/api/*", async (c, next) => {
    checkOrigin(c.env.incoming, endpoint);
    await next();
  });
  app.use("/api/*", bodyLimit({ maxSize: MOST_BODY, onError: tooLarge }));
  for (const [path, { type, bytes }] of files) app.get(path, (c) => c.body(bytes, 200, { "content-type": type }));
  app.get("/open", (c) => opened(c, served));
  app.post("/api/login", (c) => loggedIn(c, served));
  for (const { method, path, answer } of served.routes)
    app.on(method, `/api${path}`, async (c) => {
      const session = currentSession(c, served);
      if (method === "POST") checkWrite(c.env.incoming, endpoint, session);
      const body = method === "POST" ? await jsonOf(c.req.raw) : undefined;
      const { searchParams: query } = new URL(c.req.url);
      return responseOf(c, await answer({ session, query, params: c.req.param(), body }));
    });
  app.notFound((c) => refused(c, notThere(c.req.path)));
  app.onError((cause, c) => refused(c, asRefused(cause, served)));
  return app;
}

/** The session of a request, with its current permissions. */
function currentSession(c: Context<Env>, { endpoint, sessions, now }: Served): Session {
  const session = sessionOf(c.env.incoming, endpoint, sessions);
  const person = now(session.person);
  if (person) return { ...session, person };
  sessions.end(session);
  throw new Refused(401, "NO_SESSION", "the token of this session was revoked", "log in with another one");
}

/** Begins a session with a one-time code. The response redirects away from the URL with the code. */
function opened(c: Context<Env>, { endpoint, sessions, codeUsed }: Served): Response {
  const person = sessions.redeem(c.req.query("code") ?? "");
  if (!person)
    throw new Refused(
      401,
      "CODE_USED",
      "this code was already used, or is too old",
      "open the file that maand ui names",
    );
  codeUsed();
  c.header("set-cookie", cookieHeader(endpoint, sessions.begin(person)));
  return c.redirect("/", 303);
}

/** Begins a session with a token or a one-time code. */
async function loggedIn(c: Context<Env>, { endpoint, sessions, personOf, codeUsed }: Served): Promise<Response> {
  checkWrite(c.env.incoming, endpoint, undefined);
  const body = await jsonOf(c.req.raw);
  const given = typeof body === "object" && body !== null && "token" in body ? body.token : undefined;
  const token = typeof given === "string" ? given : "";
  const byCode = sessions.redeem(token);
  const person = byCode ?? personOf(token);
  if (!person)
    throw new Refused(401, "WRONG_TOKEN", "this token is not valid", "ask the operator of this server for one");
  if (byCode) codeUsed();
  c.header("set-cookie", cookieHeader(endpoint, sessions.begin(person)));
  return c.body(null, 204);
}

function responseOf(c: Context<Env>, answer: unknown): Response {
  if (answer instanceof Response) return answer;
  if (answer instanceof Ready) return c.body(answer.bytes, 200, { "content-type": "application/json" });
  if (answer instanceof Answer) return c.json(plain(answer.body), answer.status);
  return c.json(plain(answer));
}

/** Converts the type of a response, because Hono's types require a JSON value. */
function plain(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function refused(c: Context<Env>, cause: Refused): Response {
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  return c.json(refusal(cause), cause.status);
}

function notThere(path: string): Refused {
  return new Refused(404, "NOT_FOUND", `there is nothing at ${path.slice(0, 200)}`, null);
}

/** HTTP statuses of errors of maand; any other error is a failure of the server. */
const STATUSES: Readonly<Record<string, Refused["status"]>> = {
  NOT_FOUND: 404,
  USAGE: 400,
  PROBLEMS: 400,
  BUSY: 409,
  PLAN_INVALID: 409,
  PLAN_STALE: 409,
  NOT_PERMITTED: 403,
  STORE_UNREACHABLE: 503,
};

function asRefused(cause: unknown, { failed }: Served): Refused {
  if (cause instanceof Refused) return cause;
  if (isMaandError(cause))
    return new Refused(STATUSES[cause.code] ?? 500, cause.code, cause.message, cause.hint ?? null);
  failed(cause);
  return new Refused(500, "UNEXPECTED", "an unexpected error in maand ui", "check the terminal in which it runs");
}
