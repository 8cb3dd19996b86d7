import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { findBucket } from "@maand/core/readonly";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { listenPlan } from "../access/listen-options.ts";
import { TokenFile } from "../access/token-file.ts";
import type { AppFiles } from "../app-files.ts";
import { CSRF_HEADER, type SessionAnswer, type Verb } from "../contract.ts";
import { serveUi, type Ui } from "./serve.ts";

/** A response as received. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request exactly as the test writes it: nothing is normalised, added or removed. */
export interface Raw {
  readonly method?: string;
  readonly path: string;
  /** Undefined headers are not sent. By default, `host` is the host of the server. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** A server of a bucket with fake workers, and a browser. */
export interface Served {
  readonly bucket: TestBucket;
  readonly ui: Ui;
  readonly origin: string;
  /** What the server reported on its terminal. */
  readonly reported: unknown[];
  send(request: Raw): Promise<Reply>;
  /** The currently valid code of the URL. */
  code(): string;
  /** Logs in with a code or token, and returns a browser with a session. */
  login(token?: string): Promise<Browser>;
  close(): Promise<void>;
}

/** A browser that has logged in and opened a page of the server. */
export interface Browser {
  readonly cookie: string;
  readonly session: SessionAnswer;
  get(path: string): Promise<Reply>;
  /** As JSON; fails for a refusal. */
  read<T>(path: string): Promise<T>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string | undefined>>): Promise<Reply>;
}

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));

/** A page that replaces the built one. */
const PAGE: AppFiles = new Map([
  ["/", { type: "text/html; charset=utf-8", bytes: bytes("<!doctype html><html><head></head></html>") }],
  ["/assets/app-1a2b.js", { type: "text/javascript; charset=utf-8", bytes: bytes("void 0;") }],
]);

/** Options of the server. */
export interface ServedOptions {
  readonly allow?: readonly Verb[];
  readonly tokens?: string;
  readonly listen?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly hosts?: readonly string[];
  readonly now?: () => Date;
  readonly prepare?: (bucket: TestBucket) => Promise<void>;
}

/** Serves a bucket with three workers and one job that was deployed. Close it when done. */
export async function served(options: ServedOptions = {}): Promise<Served> {
  const bucket = aBucket();
  bucket.workers({ host: "10.0.0.1", tags: { zone: "a" } }, { host: "10.0.0.2", labels: ["db"] }, "10.0.0.3");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { "a.conf": "one\n" });
  await bucket.ship();
  await options.prepare?.(bucket);
  const reported: unknown[] = [];
  const { now = () => new Date(), allow = [], tokens, listen, tls, hosts = [] } = options;
  const paths = findBucket(bucket.root);
  const ui = await serveUi({
    ...{ paths, allow, now },
    version: "1.2.3",
    files: PAGE,
    at: listenPlan({
      port: listen === undefined ? "0" : undefined,
      listen,
      tokens,
      hosts,
      tlsCert: tls?.cert,
      tlsKey: tls?.key,
    }),
    tokens: tokens === undefined ? undefined : new TokenFile(tokens),
    starter: { self: [process.execPath, "--version"], root: bucket.root, config: undefined, env: {} },
    status: async () => ({ workers: 3 }),
    failed: (cause) => void reported.push(cause),
    started: () => undefined,
  });
  const origin = ui.url.slice(0, -1);
  const send = (request: Raw) => sendRaw(ui, listen?.split(":")[0] ?? "127.0.0.1", request);
  return {
    ...{ bucket, ui, origin, reported, send },
    code: () => new URL(ui.openUrl ?? "").searchParams.get("code") ?? "",
    login: async (token) => loggedIn(send, origin, token ?? new URL(ui.openUrl ?? "").searchParams.get("code") ?? ""),
    async close() {
      await ui.close();
      bucket.dispose();
    },
  };
}

async function loggedIn(send: Served["send"], origin: string, token: string): Promise<Browser> {
  const headers = { origin, "content-type": "application/json" };
  const reply = await send({ method: "POST", path: "/api/login", headers, body: JSON.stringify({ token }) });
  if (reply.status !== 204) throw new Error(`the login was answered with ${reply.status} ${reply.text}`);
  const cookie = String(reply.headers["set-cookie"]).split(";")[0] ?? "";
  const get = (path: string) => send({ path, headers: { cookie } });
  const session: SessionAnswer = JSON.parse((await get("/api/session")).text);
  return {
    ...{ cookie, session, get },
    async read<T>(path: string): Promise<T> {
      const { status, text } = await get(path);
      if (status !== 200) throw new Error(`${path} was answered with ${status} ${text}`);
      return JSON.parse(text);
    },
    post: (path, body, more = {}) =>
      send({
        method: "POST",
        path,
        headers: { cookie, ...headers, [CSRF_HEADER]: session.csrf, ...more },
        body: JSON.stringify(body),
      }),
  };
}

function sendRaw(
  { port, url }: Ui,
  address: string,
  { method = "GET", path, headers = {}, body }: Raw,
): Promise<Reply> {
  const given = Object.entries({ host: new URL(url).host, ...headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  const length = body === undefined ? [] : ["content-length", String(Buffer.byteLength(body))];
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = {
      host: address,
      port,
      method,
      path,
      headers: [...given, ...length],
      rejectUnauthorized: false,
    };
    const sent = send(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
