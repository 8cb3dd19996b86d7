import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { MaandError } from "@maand/core";
import { answer } from "./answer.ts";
import { holderOf, scopeOf } from "./semaphore-routes.ts";
import type { Session } from "./session.ts";
import { Tokens } from "./tokens.ts";

/** The address of the API, and the token of a process. */
export interface ApiAccess {
  readonly port: number;
  readonly token: string;
}

/** Loopback: only this machine can connect. */
const HOST = "127.0.0.1";
/** The timeout of a client's request, in milliseconds. */
const PATIENCE_MS = 30_000;

interface Listening {
  readonly server: Server;
  readonly port: number;
}

/** The HTTP API for hooks: on a random loopback port, protected by tokens. It listens only while a process needs it. */
export class Api {
  readonly #tokens = new Tokens();
  #listening: Promise<Listening> | undefined;

  /**
   * Serves one process while `work` runs. After that, the token of the process is invalid, its semaphores are released,
   * and its open requests are aborted.
   */
  async serve<T>(session: Session, work: (access: ApiAccess) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    const token = this.#tokens.admit({ session, ended: ending.signal });
    try {
      this.#listening ??= listen((request, response) => void answer(this.#tokens, request, response));
      const { port } = await this.#listening;
      return await work({ port, token });
    } finally {
      this.#tokens.revoke(token);
      ending.abort();
      session.semaphores.leave(scopeOf(session), holderOf(session));
      if (this.#tokens.count === 0) await this.#close();
    }
  }

  async #close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    const { server } = (await listening?.catch(() => undefined)) ?? {};
    server?.close();
    server?.closeAllConnections();
  }
}

function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Listening> {
  const server = createServer({ requestTimeout: PATIENCE_MS, headersTimeout: PATIENCE_MS }, handle);
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(cannotListen(cause)));
    server.listen({ host: HOST, port: 0, exclusive: true }, () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve({ server, port: address.port });
      else reject(cannotListen(undefined));
    });
  });
}

function cannotListen(cause: unknown): MaandError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new MaandError({
    code: "JOB_COMMAND_FAILED",
    message: `no command can run: the API for commands cannot listen on ${HOST}${why}`,
    hint: "check that this machine has a loopback interface and free ports",
    cause,
  });
}
