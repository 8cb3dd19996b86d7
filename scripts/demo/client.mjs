import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const EVERY_MS = 20;
const PATIENCE_MS = 2000;

/** The number of rounds before the work, and after it. */
const MARGIN = 10;

/**
 * Sends requests to all hosts at a fixed rate while `work` runs, without waiting for responses. Each round sends one
 * request to each host. Returns the host and the time of each request, and the version in the response.
 */
export async function whileRequesting(hosts, port, work) {
  const began = performance.now();
  const requests = [];
  const timer = setInterval(() => {
    const at = performance.now() - began;
    requests.push(...hosts.map(async (host) => ({ host, at, version: await versionAt(host, port) })));
  }, EVERY_MS);
  const rounds = async (count) => {
    const enough = requests.length + count * hosts.length;
    while (requests.length < enough) await pause(EVERY_MS);
  };
  try {
    await rounds(MARGIN);
    await work();
    await rounds(MARGIN);
  } finally {
    clearInterval(timer);
  }
  return Promise.all(requests);
}

/** The version in a host's response; undefined if there is no response, or if it is not ready. */
function versionAt(host, port) {
  return new Promise((done) => {
    const request = get({ host, port, agent: false, timeout: PATIENCE_MS }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("error", () => done(undefined));
      response.on("end", () => done(response.statusCode === 200 ? JSON.parse(text).version : undefined));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => done(undefined));
    request.on("close", () => done(undefined));
  });
}
