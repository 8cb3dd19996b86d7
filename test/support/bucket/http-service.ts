import { get } from "node:http";

/** The port on which the service of {@link httpService} listens, on the address of its worker. */
export const SERVICE_PORT = 18_080;

const SERVER = `import { createServer } from "node:http";
const [host, port, version] = process.argv.slice(2);
const server = createServer((_, response) => response.end(version));
server.listen(Number(port), host);
process.on("SIGTERM", () => server.close(() => process.exit(0)) && server.closeAllConnections());
`;

const MAKEFILE = `PID := data/pid
start:
	@mkdir -p data logs
	@echo "start $(NEW_VERSION)" >> data/lifecycle
	@setsid nohup ${process.execPath} server.mjs $(WORKER_IP) ${SERVICE_PORT} $(NEW_VERSION) > logs/out 2>&1 & echo $$! > $(PID)
stop:
	@echo "stop" >> data/lifecycle
	@if test -e $(PID); then kill $$(cat $(PID)) 2>/dev/null || true; while kill -0 $$(cat $(PID)) 2>/dev/null; do sleep 0.02; done; rm -f $(PID); fi
restart: stop start
status:
	@test -e $(PID) && kill -0 $$(cat $(PID)) && echo running
.PHONY: start stop restart status
`;

/** Files of a job that serves its version over HTTP, and the manifest that checks it. */
export function httpService(version: string, more: Readonly<Record<string, unknown>> = {}) {
  const manifest = {
    version,
    selectors: ["worker"],
    max_concurrent_upgrades: 1,
    resources: { ports: { http: SERVICE_PORT } },
    health_check: { checks: [{ type: "http", port: "http" }], wait: { attempts: 50, interval_seconds: 0.1 } },
    ...more,
  };
  return { manifest, files: { Makefile: MAKEFILE, "server.mjs": SERVER } };
}

/** The current response of the service on a host; undefined if it does not respond. */
export function requestVersion(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port: SERVICE_PORT, timeout: 2000, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
  });
}
