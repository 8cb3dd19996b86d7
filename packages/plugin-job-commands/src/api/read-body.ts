import type { IncomingMessage } from "node:http";
import { isRecord } from "../is-record.ts";
import { Refusal } from "./refusal.ts";

/** Bytes of a request's body. */
export const BODY_LIMIT = 1024 * 1024;
/** Bytes that are read and thrown away, so that a client which sends before it listens hears why it was refused. */
const PATIENCE = 64 * BODY_LIMIT;

/**
 * What a request brings: its query and, over it, its JSON body. Everything may come either way on a GET, since some
 * clients cannot send a body with it. Throws 400 for what is no JSON object, 413 for more than a MiB.
 */
export async function givenBy(request: IncomingMessage, url: URL): Promise<Record<string, unknown>> {
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

/** Reads what is left of a body and throws it away, up to a limit. */
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

/** Reads to the end, or to the limit; answers how much that was. A client that goes away ends it too. */
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
