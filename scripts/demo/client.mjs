import { get } from "node:http";

const EVERY_MS = 20;
const PATIENCE_MS = 2000;

/**
 * Asks all hosts at once, again and again, without waiting for answers, until it is told to stop. One round is one
 * moment: `asks` holds for each host and round when it was asked and which version answered, if any did.
 */
export function startClient(hosts, port) {
  const began = performance.now();
  const rounds = [];
  const round = () => {
    const at = performance.now() - began;
    rounds.push(...hosts.map(async (host) => ({ host, at, version: await ask(host, port) })));
  };
  const timer = setInterval(round, EVERY_MS);
  round();
  return {
    /** Waits until this many more rounds were asked. */
    async more(count) {
      const enough = rounds.length + count * hosts.length;
      while (rounds.length < enough) await new Promise((done) => setTimeout(done, EVERY_MS));
    },
    async stop() {
      clearInterval(timer);
      return Promise.all(rounds);
    },
  };
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
