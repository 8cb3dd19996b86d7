import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { blocksOf, type Page, page } from "./pages.ts";
import { processesBelow, type Typed, typeIn } from "./type-in.ts";

/**
 * Types the examples at the beginning of pages. The bucket has three directories of this machine as workers, and the jobs
 * that the pages mention. Each job is a server that answers every request.
 */
const HOSTS = ["127.0.0.81", "127.0.0.82", "127.0.0.83"];
const JOBS = { api: "web", cache: "db", db: "db", worker: "web" };

/** Pages, each with the heading at which its opening ends; with "", the second heading of the page. */
const OPENINGS: Readonly<Record<string, string>> = {
  "availability-budget": "",
  certificates: "",
  deploy: "",
  "disable-and-drain": "Disable a job",
  "job-commands": "",
  "jobs-and-lifecycle": "",
  kv: "",
  plans: "",
  secrets: "",
  templates: "",
};

const SERVER = `import http.server, sys

class Anything(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Anything).serve_forever()
`;

const MAKEFILE = (job: string) => `PORT = {{ getOptional "maand/job/${job}" "port_http" }}

start:
	@mkdir -p data
	@test -z "$(PORT)" || { setsid nohup python3 server.py {{ .WorkerIP }} $(PORT) > data/out 2>&1 & echo $$! > data/pid; }

stop:
	@! test -e data/pid || kill $$(cat data/pid) 2> /dev/null || true
	@while test -e data/pid && kill -0 $$(cat data/pid) 2> /dev/null; do sleep 0.05; done; rm -f data/pid

restart: stop start

status:
	@true

.PHONY: start stop restart status
`;

const place = mkdtempSync(join(tmpdir(), "maand-openings-"));
const base = join(place, "base");

beforeAll(async () => {
  mkdirSync(join(base, "bin"), { recursive: true });
  symlinkSync(MAAND, join(base, "bin/maand"));
  const workers = HOSTS.map((host) => ({ host, labels: ["web", "db"], transport: "local" }));
  expect(await typeIn(base, "exec 2>&1; maand init")).toMatchObject({ code: 0 });
  write(base, "workspace/workers.json", JSON.stringify(workers));
  for (const [job, label] of Object.entries(JOBS)) {
    const manifest = { version: "1.0.0", selectors: [label], resources: { ports: { http: {} } } };
    write(base, `workspace/jobs/${job}/manifest.json`, JSON.stringify(manifest));
    write(base, `workspace/jobs/${job}/Makefile.tpl`, MAKEFILE(job));
    write(base, `workspace/jobs/${job}/server.py`, SERVER);
  }
  const prepared = await typeIn(
    base,
    "exec 2>&1; set -e; echo s3cret | maand secret set password --job api; maand build",
  );
  expect(prepared.code, prepared.printed).toBe(0);
});

afterAll(() => {
  for (const pid of processesBelow(place)) process.kill(pid, "SIGKILL");
  rmSync(place, { recursive: true, force: true });
});

it.each(Object.entries(OPENINGS))("docs/%s.md begins with commands that succeed", async (name, end) => {
  const root = join(place, name);
  cpSync(base, root, { recursive: true, verbatimSymlinks: true });
  for (const [, job = ""] of page(`docs/${name}.md`).text.matchAll(/^maand job create (\w+) --selectors/gm))
    rmSync(join(root, "workspace/jobs", job), { recursive: true });
  const blocks = blocksOf(openingOf(page(`docs/${name}.md`), end));
  let typed = "";
  for (const { info, code } of blocks) {
    const [language, path] = info.split(" ");
    if (path) write(root, path, here(code));
    else if (language === "sh") typed += here(code);
  }
  const ended: Typed = await typeIn(root, `exec 2>&1 < <(printf s3cret); set -e\n${typed}`);
  expect(typed).toContain("maand ");
  expect(ended.code, ended.printed).toBe(0);
});

/** The page up to its second heading, or up to the named one. */
function openingOf({ path, text }: Page, heading: string): Page {
  const end = text.indexOf(`\n## ${heading}`);
  if (end === -1) throw new Error(`${path} has no heading "${heading}"`);
  return { path, text: text.slice(0, end + 1) };
}

function here(text: string): string {
  return HOSTS.reduce((all, host, at) => all.replaceAll(`10.0.0.${at + 1}`, host), text);
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
