import { isMaandError, type Problem } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { templates } from "@maand/plugin-templates";
import { afterEach } from "vitest";
import { prometheus } from "./index.ts";

const made: TestBucket[] = [];

afterEach(() => {
  for (const bucket of made.splice(0)) bucket.dispose();
});

/** A server job that uses all data that jobs provide. */
export const SERVER = {
  "prometheus.yml.tpl": "global: {}\n{{ruleFiles}}\nscrape_configs:{{scrapeConfigs}}\n",
};

/** The manifest of the server job. */
export const SERVER_MANIFEST = {
  selectors: ["worker"],
  resources: { ports: { prometheus_port_http: 9090 } },
};

/** A bucket with two workers, a server job on the first worker, and the job `web` on both, with these files. */
export function aWorkspace(
  web: Readonly<Record<string, string>> = {},
  ports: object = { web_metrics_port: 9100 },
  promtool = "no-promtool-here",
): TestBucket {
  const bucket = aBucket({ plugins: [templates(), prometheus({ promtool })] });
  made.push(bucket);
  bucket.workers({ host: "127.0.0.81", labels: ["mon"] }, "127.0.0.82");
  bucket.job("prometheus", { ...SERVER_MANIFEST, selectors: ["mon"] }, SERVER);
  bucket.job("web", { selectors: ["worker"], resources: { ports } }, web);
  return bucket;
}

/** The problems of a build, as lines: file, line and key, and message. */
export async function problemsOf(bucket: TestBucket): Promise<string[]> {
  const problems = await bucket.build().then(
    (built) => built.problems,
    (thrown: unknown) => {
      if (isMaandError(thrown) && thrown.problems.length > 0) return thrown.problems;
      throw thrown;
    },
  );
  return problems.map(lineOf);
}

function lineOf({ where, line, message }: Problem): string {
  const place = where.replace("workspace/jobs/", "");
  return `${line === undefined ? place : place.replace(/(?=: |$)/, `:${line}`)}: ${message}`;
}

/** The text of the server job's file on its worker. */
export function onServer(bucket: TestBucket, path: string): string | undefined {
  return bucket.fleet.at("prometheus", "127.0.0.81")?.files[path];
}

/** A value of `maand/prometheus`, or of another namespace. */
export async function stored(
  bucket: TestBucket,
  key: string,
  namespace = "maand/prometheus",
): Promise<string | undefined> {
  const opened = await bucket.open();
  try {
    return opened.kv.find(namespace, key);
  } finally {
    opened.close();
  }
}
