import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ActionRequest,
  type ConfirmAnswer,
  CSRF_HEADER,
  type SessionAnswer,
  type StartedAnswer,
  type Wake,
} from "../../../packages/plugin-ui/src/contract.ts";
import type { Running } from "../bucket/maand.ts";
import type { Scratch } from "../bucket/scratch.ts";
import { until } from "../fleet/until.ts";

/** A process of `maand ui`, and a client that has opened its page like a browser. */
export interface OpenedPage {
  readonly server: Running;
  readonly origin: string;
  readonly session: SessionAnswer;
  /** Returns the response of a path under /api. Rejects if the server returns an error. */
  get<T>(path: string): Promise<T>;
  /** Writes, and returns the status and body of the response. */
  post<T>(path: string, body: unknown): Promise<{ readonly status: number; readonly body: T }>;
  /** Requests an action, confirms it, and returns both responses. */
  act(request: ActionRequest): Promise<ConfirmAnswer["confirm"] & StartedAnswer>;
  /** Follows the stream, and appends its messages to `woken`. */
  follow(): Followed;
  /** The CPU time of the server so far, in milliseconds. */
  cpuMs(): number;
  close(): Promise<void>;
}

/** A followed stream. */
export interface Followed {
  readonly woken: readonly Wake[];
  /** Calls a function for each message, one after the other. */
  each(listener: (wake: Wake) => Promise<void>): void;
  close(): void;
}

const TICKS = 100; // clock ticks of /proc per second

/** Starts `maand ui` with additional flags and opens the page. Call `close` at the end. */
export function openPage(bucket: Scratch, ...flags: readonly string[]): Promise<OpenedPage> {
  return openPageIn(bucket, {}, flags);
}

/** Starts `maand ui` with additional environment variables. */
export async function openPageIn(
  bucket: Scratch,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<OpenedPage> {
  const server = bucket.start(["ui", "--port", "0", ...flags], { env });
  const directory = join(bucket.root, "data/ui");
  const before = new Set(filesIn(directory));
  const name = await until("the page to be served", () => filesIn(directory).find((file) => !before.has(file)));
  const url = /url=([^"]+)"/.exec(readFileSync(join(directory, name), "utf8"))?.[1] ?? "";
  const { origin } = new URL(url);
  const entered = await until("the server to answer", () => fetch(url, { redirect: "manual" }).catch(() => undefined));
  const cookie = entered.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${origin}/api/${path}`, { headers: { cookie } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json() as Promise<T>;
  };
  const session = await get<SessionAnswer>("session");
  const headers = { cookie, origin, "content-type": "application/json", [CSRF_HEADER]: session.csrf };
  const post = async <T>(path: string, body: unknown) => {
    const response = await fetch(`${origin}/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as T };
  };
  return {
    ...{ server, origin, session, get, post },
    async act(request) {
      const requested = await post<ConfirmAnswer>("actions", request);
      if (requested.status !== 200) throw new Error(`${requested.status} ${JSON.stringify(requested.body)}`);
      const started = await post<StartedAnswer>("actions", { ...request, confirm: requested.body.confirm.token });
      if (started.status !== 202) throw new Error(`${started.status} ${JSON.stringify(started.body)}`);
      return { ...requested.body.confirm, ...started.body };
    },
    follow: () => followed(`${origin}/api/stream`, cookie),
    cpuMs() {
      const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ");
      return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
    },
    async close() {
      server.kill("SIGINT");
      await server.ended;
    },
  };
}

function filesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => /^open-\d+\.html$/.test(name)) : [];
}

function followed(url: string, cookie: string): Followed {
  const woken: Wake[] = [];
  const listeners: ((wake: Wake) => Promise<void>)[] = [];
  const end = new AbortController();
  void read().catch((cause: unknown) => {
    if (!end.signal.aborted && !(cause instanceof TypeError)) throw cause; // the server has ended
  });
  return { woken, each: (listener) => void listeners.push(listener), close: () => end.abort() };

  async function read(): Promise<void> {
    const response = await fetch(url, { headers: { cookie }, signal: end.signal });
    let rest = "";
    for await (const part of response.body ?? []) {
      rest += new TextDecoder().decode(part);
      const messages = rest.split("\n\n");
      rest = messages.pop() ?? "";
      for (const message of messages) {
        const wake: Wake = JSON.parse(/^data: (.*)$/m.exec(message)?.[1] ?? "");
        woken.push(wake);
        for (const listener of listeners) await listener(wake);
      }
    }
  }
}
