// A small web server that returns its version. Like real servers, it is ready only a moment after its start.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { WORKER_IP: host, NEW_VERSION: version } = process.env;
const { http: port } = JSON.parse(readFileSync("manifest.json", "utf8")).resources.ports;
const READY_AFTER_MS = 250;

let ready = false;
setTimeout(() => {
  ready = true;
}, READY_AFTER_MS);

const server = createServer(({ url }, response) => {
  response.writeHead(ready ? 200 : 503, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify(url === "/ready" ? { ready } : { host, version, ready }));
});
server.listen(port, host, () =>
  console.log(`${new Date().toISOString()} version ${version} listens on ${host}:${port}`),
);

process.on("SIGTERM", () => {
  console.log(`${new Date().toISOString()} version ${version} stops`);
  server.close(() => process.exit());
});
