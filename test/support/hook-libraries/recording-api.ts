import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Answer, ApiRequest } from "./library-case.ts";

/** A received request, with the headers that identify the client. */
export interface ReceivedRequest extends ApiRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A replacement for maand's server that records requests and sends prepared answers. */
export interface RecordingApi {
  readonly port: number;
  /** The requests with a token, in order. */
  received(token: string): readonly ReceivedRequest[];
  close(): Promise<void>;
}

/** Starts a server. It sends each of the `answers` to a token once, and answers any further request with 599. */
export async function recordingApi(
  answers: (token: string) => readonly (Answer | "cut" | null)[],
): Promise<RecordingApi> {
  const received = new Map<string, ReceivedRequest[]>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    const before = received.get(token) ?? [];
    const answer = answers(token)[before.length];
    received.set(token, [...before, written(request, body)]);
    if (answer === null) return;
    if (answer === "cut") request.socket.destroy();
    else response.writeHead(answer?.status ?? 599).end(answer?.text);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    received: (token) => received.get(token) ?? [],
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function written({ method = "", url = "", headers }: IncomingMessage, body: string): ReceivedRequest {
  const who = { "x-allocation-id": headers["x-allocation-id"], event: headers.event, command: headers.command };
  const basic = { method, path: url, headers: Object.fromEntries(Object.entries(who).map(([k, v]) => [k, String(v)])) };
  return body === "" ? basic : { ...basic, body: JSON.parse(body) };
}
