import type { IncomingMessage, ServerResponse } from "node:http";
import { drain, fieldsOf } from "./read-body.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { ROUTES } from "./routes.ts";
import type { Route } from "./session.ts";
import type { Tokens } from "./tokens.ts";

/** Handles one request; any error is reported to the client only. */
export async function answer(tokens: Tokens, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const disconnected = new AbortController();
  request.on("error", () => disconnected.abort());
  response.on("error", () => disconnected.abort());
  response.on("close", () => disconnected.abort());
  try {
    send(response, await result(tokens, request, disconnected.signal));
  } catch (cause) {
    await drain(request);
    refuse(request, response, refusalOf(cause));
  }
}

async function result(tokens: Tokens, request: IncomingMessage, disconnected: AbortSignal): Promise<unknown> {
  const admitted = tokens.find(request.headers);
  if (!admitted)
    throw new Refusal(401, "the token is missing or wrong; send JOB_COMMAND_API_TOKEN as Authorization: Bearer");
  const url = urlOf(request.url ?? "/");
  const route = routeOf(url.pathname, request.method ?? "");
  const fields = await fieldsOf(request, url);
  if (admitted.ended.aborted) throw new Refusal(401, "the process this token was for has ended");
  const signal = AbortSignal.any([disconnected, admitted.ended]);
  return await route({ session: admitted.session, fields, signal });
}

/** An invalid URL matches no route. */
function urlOf(target: string): URL {
  const text = target.startsWith("/") ? `http://api${target}` : target;
  if (!URL.canParse(text)) throw new Refusal(404, "there is nothing at this path");
  return new URL(text);
}

function routeOf(path: string, method: string): Route {
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (!methods) throw new Refusal(404, `there is no ${path}; there are: ${Object.keys(ROUTES).join(", ")}`);
  const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!route) throw new Refusal(405, `${path} accepts ${Object.keys(methods).join(", ")}, not ${method}`);
  return route;
}

function send(response: ServerResponse, value: unknown): void {
  if (value === undefined) {
    response.writeHead(200, { "content-length": 0 }).end();
    return;
  }
  const text = JSON.stringify(value);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, message }: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${message}\n`;
  const challenge = status === 401 ? { "www-authenticate": "Bearer" } : {};
  response.writeHead(status, {
    ...challenge,
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  response.end(text, () => request.destroy());
}
