import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const EVERY_MS = 20;
const PATIENCE_MS = 2000;

/** Rounds before the work begins, and after it. */
const MARGIN = 10;

/**
 * Requests all hosts in parallel and repeatedly, without waiting for answers, while some work is done. Returns the time of
 * each request per host and round, and the version that answered, if any. A round is one moment.
 */
export async function whileRequesting(hosts, port, work) {
  const began = performance.now();
  const requests = [];
  const timer = setInterval(() => {
    const at = performance.now() - began;
    requests.push(...hosts.map(async (host) => ({ host, at, version: await ask(host, port) })));
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

/** The version that answers at a host; undefined for no answer, or for one that says "not ready". */
function ask(host, port) {
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
