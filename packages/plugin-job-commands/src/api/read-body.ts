import type { IncomingMessage } from "node:http";
import { isRecord } from "../is-record.ts";
import { Refusal } from "./refusal.ts";

/** The maximum size of a body, in bytes. */
export const BODY_LIMIT = 1024 * 1024;
/** The number of bytes to read and drop, so that a client that sends before it reads still receives the error. */
const PATIENCE = 64 * BODY_LIMIT;

/**
 * The parameters of a request: its query, overridden by its JSON body. A GET may also have a body, because some clients
 * need it. Throws 400 for anything but a JSON object, 413 for more than a MiB.
 */
export async function fieldsOf(request: IncomingMessage, url: URL): Promise<Record<string, unknown>> {
  const text = await bodyOf(request);
  const query = Object.fromEntries(url.searchParams);
  if (text.trim() === "") {
    if (request.method !== "GET" && url.search === "") throw new Refusal(400, "the body is empty; send a JSON object");
    return query;
  }
  const body = parse(text);
  if (!isRecord(body)) throw new Refusal(400, "the body must be a JSON object");
  return { ...query, ...body };
}

/** Reads and drops the rest of a body, up to a limit. */
export async function drain(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  await consume(request, PATIENCE, () => undefined);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  const size = await consume(request, PATIENCE, (chunk, before) => {
    if (before + chunk.length <= BODY_LIMIT) chunks.push(chunk);
  });
  if (size > BODY_LIMIT) throw new Refusal(413, `the body is larger than ${BODY_LIMIT} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads to the end or the limit; returns the number of bytes. It also ends when the client disconnects. */
function consume(
  request: IncomingMessage,
  limit: number,
  take: (chunk: Buffer, before: number) => void,
): Promise<number> {
  return new Promise((resolve) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      take(chunk, size);
      size += chunk.length;
      if (size > limit) resolve(size);
    });
    for (const end of ["end", "error", "close"]) request.on(end, () => resolve(size));
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Refusal(400, `the body is not JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}
