// node ask.mjs: sends one request to the site on each worker, and prints the responses.
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const { http: port } = read("workspace/jobs/site/manifest.json").resources.ports;

async function ask(host) {
  try {
    const answer = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2000) });
    return answer.ok ? `version ${(await answer.json()).version}` : `not ready (${answer.status})`;
  } catch {
    return "no answer";
  }
}

for (const { host } of read("workspace/workers.json")) console.log(`${host}:${port}  ${await ask(host)}`);
