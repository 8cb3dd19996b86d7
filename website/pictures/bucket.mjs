// The bucket of the pictures: four workers and three jobs that actually run.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const HTTP_CHECK = {
  checks: [{ type: "http", port: "http", path: "/" }],
  wait: { attempts: 100, interval_seconds: 0.1 },
};

const JOBS = {
  api: { version: "1.4.0", selectors: ["web"], health_check: HTTP_CHECK, resources: { ports: { http: 8080 } } },
  cache: { version: "7.2.0", selectors: ["data"] },
  worker: { version: "2.0.1", selectors: ["web"], max_concurrent_upgrades: 2 },
};

const MAKEFILES = {
  api: `start:
	@mkdir -p data logs && sleep 0.5
	@setsid nohup python3 -m http.server --bind $(WORKER_IP) 8080 > logs/api.log 2>&1 & echo $$! > data/pid

stop:
	@! test -e data/pid || kill $$(cat data/pid) || true
	@while test -e data/pid && kill -0 $$(cat data/pid) 2> /dev/null; do sleep 0.05; done; rm -f data/pid

restart: stop start

.PHONY: start stop restart
`,
  cache: "start restart stop:\n\t@sleep 0.2\n\n.PHONY: start restart stop\n",
  worker: "start restart stop:\n\t@sleep 0.4\n\n.PHONY: start restart stop\n",
};

/** Writes the workspace for a fleet of four. */
export function writeBucket(root, fleet) {
  const labels = [["web"], ["web"], ["web", "data"], ["web", "data"]];
  const workers = fleet.workersJson().map((worker, at) => ({ ...worker, labels: labels[at] }));
  write(root, "maand.conf", fleet.conf);
  write(root, "workspace/workers.json", json(workers));
  for (const [job, manifest] of Object.entries(JOBS)) {
    write(root, `workspace/jobs/${job}/manifest.json`, json(manifest));
    write(root, `workspace/jobs/${job}/Makefile`, MAKEFILES[job]);
  }
  write(root, "workspace/jobs/api/api.conf", "workers = 4\nlog = info\n");
}

/** Replaces text in a file of the workspace; throws if the file does not contain the text. */
export function edit(root, path, from, to) {
  const text = readFileSync(join(root, path), "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
  write(root, path, text.replace(from, to));
}

export function write(root, path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function json(value) {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
