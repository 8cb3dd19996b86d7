import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import type { HttpBindings } from "@hono/node-server";
import { getRequestListener } from "@hono/node-server";
import { MaandError } from "@maand/core/readonly";
import type { Hono } from "hono";

/** The address to listen on; port 0 means any free port. */
export interface ListenAt {
  readonly address: string;
  readonly port: number;
  /** Certificate chain and key, as PEM; undefined for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Sets the application that handles requests. Until then, requests are refused. */
  answerWith(app: Hono<{ Bindings: HttpBindings }>): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** The maximum number of connections; further connections are closed immediately. */
const CONNECTIONS = 128;
/** The time limits for receiving the headers, and the complete request, in milliseconds. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/**
 * How long a connection may be silent in both directions, in milliseconds. Streams send more often than this, so a
 * silent connection has no reader.
 */
const SILENT_MS = 60_000;
const HEADER_BYTES = 16 * 1024;

/** Listens at an address. Throws SYSTEM if it cannot, and CONFIG_INVALID for a certificate that cannot be used. */
export async function listen({ address, port, tls }: ListenAt): Promise<Listening> {
  let app: Hono<{ Bindings: HttpBindings }> | undefined;
  const listener = getRequestListener(
    (request, env) => app?.fetch(request, env) ?? new Response(null, { status: 503 }),
    { overrideGlobalObjects: false },
  );
  const limits = { maxHeaderSize: HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS };
  const server = tls ? secured(tls, limits, listener) : createHttp(limits, listener);
  server.maxConnections = CONNECTIONS;
  server.timeout = SILENT_MS;
  server.keepAliveTimeout = 5_000;
  server.on("timeout", (socket) => socket.destroy());
  server.on("clientError", (_, socket) => socket.destroy());
  return {
    port: await listening(server, address, port),
    answerWith(given) {
      app = given;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function secured(
  { cert, key }: { readonly cert: string; readonly key: string },
  limits: object,
  listener: ReturnType<typeof getRequestListener>,
): Server {
  try {
    return createHttps({ ...limits, cert, key, minVersion: "TLSv1.2" }, listener);
  } catch (cause) {
    throw new MaandError({
      code: "CONFIG_INVALID",
      message: `the certificate or its key cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "name files in PEM format that belong together with --tls-cert and --tls-key",
      refused: true,
      cause,
    });
  }
}

function listening(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new MaandError({
          code: "SYSTEM",
          message: `maand ui cannot listen at ${address}:${port}: ${cause.message}`,
          hint: "choose another port with --port, or omit --port for any free port",
          cause,
        }),
      );
    });
    server.listen(port, address, () => {
      const at: string | AddressInfo | null = server.address();
      resolve(typeof at === "object" && at !== null ? at.port : port);
    });
  });
}
