import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Refused } from "./refused.mjs";

const FILES = fileURLToPath(new URL("bucket", import.meta.url));
/** Marks a directory of the demo. The demo removes only marked directories. */
const MARK = ".maand-demo";
const SITE = "workspace/jobs/site/manifest.json";

/** Creates an empty, marked directory. Throws Refused if the site could not listen. */
export async function freshBucket({ directory, hosts, port }) {
  for (const host of hosts) await mustBeFree(host, port);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, MARK), "npm run demo -- --down removes this directory\n");
}

/** Whether the directory is from a demo; false if it is missing or empty. Throws Refused for any other directory. */
export function isDemo(directory) {
  if (existsSync(join(directory, MARK))) return true;
  if (!existsSync(directory) || readdirSync(directory).length === 0) return false;
  throw new Refused(
    `the demo did not create ${directory}, so it does not change this directory; choose another directory with --dir`,
  );
}

/** Writes the workers and the jobs, formatted as a person would write them. */
export function writeWorkspace({ directory, hosts, port }) {
  cpSync(FILES, directory, { recursive: true });
  const workers = hosts.map((host, index) => ({
    host,
    transport: "local",
    labels: index === 0 ? ["web"] : ["web", "diary"],
  }));
  const lines = workers.map((worker) => `  ${JSON.stringify(worker)}`);
  writeFileSync(join(directory, "workspace/workers.json"), `[\n${lines.join(",\n")}\n]\n`);
  const manifest = readFileSync(join(directory, SITE), "utf8");
  writeFileSync(join(directory, SITE), manifest.replace(/"http": \d+/, `"http": ${port}`));
}

async function mustBeFree(host, port) {
  const fault = await new Promise((done) => {
    const server = createServer();
    server.once("error", ({ code }) => done(code));
    server.listen(port, host, () => server.close(() => done(undefined)));
  });
  if (fault === "EADDRINUSE")
    throw new Refused(`${host}:${port} is in use; choose another port with --port, or addresses with --hosts`);
  if (fault !== undefined) throw new Refused(`nothing can listen on ${host}:${port} here (${fault})`);
}
