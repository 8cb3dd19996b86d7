import { readdirSync, readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FleetAnswer } from "../../../packages/plugin-ui/src/contract.ts";
import { generatedStatus, SESSION } from "./generated-bucket.ts";

const APP = fileURLToPath(new URL("../../../packages/plugin-ui/dist/app/", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};

/** Serves the built page with a generated fleet, so that only the page is measured. */
export interface PageServer {
  readonly url: string;
  /** Replaces the fleet, and notifies the page. */
  show(fleet: FleetAnswer): void;
  close(): Promise<void>;
}

export async function servePage(first: FleetAnswer): Promise<PageServer> {
  let [fleet, seq] = [first, 0];
  const streams = new Set<ServerResponse>();
  const files = new Map(
    ["index.html", ...readdirSync(join(APP, "assets")).map((name) => `assets/${name}`)].map((name) => [
      name === "index.html" ? "/" : `/${name}`,
      { type: TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain", body: readFileSync(join(APP, name)) },
    ]),
  );
  const answers: Readonly<Record<string, () => object>> = {
    "/api/session": () => SESSION,
    "/api/fleet": () => fleet,
    "/api/status": () => generatedStatus(fleet),
    "/api/certificates": () => ({ at: fleet.at, certificates: [] }),
  };
  const wakeUp = (response: ServerResponse, kind: string) =>
    response.write(`data: ${JSON.stringify({ seq, epoch: "1", kind, at: fleet.at })}\n\n`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const [file, answer] = [files.get(pathname), answers[pathname]];
    if (file) response.writeHead(200, { "content-type": file.type }).end(file.body);
    else if (answer) response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer()));
    else if (pathname === "/api/stream") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      streams.add(response);
      wakeUp(response, "hello");
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    show(next) {
      [fleet, seq] = [next, seq + 1];
      for (const stream of streams) wakeUp(stream, "fleet");
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
