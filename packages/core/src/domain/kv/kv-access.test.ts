import { describe, expect, it } from "vitest";
import { aJob } from "../../testing/samples.ts";
import { accessHint, readableNamespaces } from "./kv-access.ts";
import { isInternal, isSecret } from "./kv-names.ts";

describe("the access of a job to the KV store", () => {
  const demands = { job: "db", command: "command_ready", config: {} };
  const job = aJob({ commands: [{ name: "command_wait", executedOn: ["pre_deploy"], demands }] });

  it("covers shared namespaces, its own namespaces on its worker, and those of the jobs it depends on", () => {
    expect(readableNamespaces(job, ["10.0.0.1"])).toEqual([
      "maand/bucket",
      "maand/job/api",
      "maand/job/api/worker/10.0.0.1",
      "maand/job/db",
      "maand/prometheus",
      "maand/worker",
      "maand/worker/10.0.0.1",
      "maand/worker/10.0.0.1/tags",
      "secrets/bucket",
      "secrets/job/api",
      "secrets/job/db",
      "vars/bucket",
      "vars/bucket/job/api",
      "vars/job/api",
      "vars/job/db",
    ]);
  });

  it("is refused with a hint on how to get access", () => {
    expect(accessHint("api", "secrets/job/web")).toContain("a dependency on a command of web");
    expect(accessHint("api", "maand/worker/10.0.0.2")).toContain("own worker");
    expect(accessHint("api", "maand/job/web/worker/10.0.0.2")).toContain("own worker");
    expect(accessHint("api", "nonsense")).toContain("maand cat kv --jobs api");
  });
});

it.each([
  ["secrets/job/api", "password", true],
  ["secrets/bucket", "token", true],
  ["secrets/buckets", "token", false],
  ["maand/job/api/worker/10.0.0.1", "certs/own.key", true],
  ["maand/job/api/worker/10.0.0.1", "certs/own.crt", false],
  ["maand/job/api/worker/10.0.0.1", "version", false],
  ["maand/worker", "certs/ca.crt", false],
  ["vars/job/api", "certs/own.key", false],
])("the entry %s %s is stored encrypted: %s", (namespace, key, secret) => {
  expect(isSecret(namespace, key)).toBe(secret);
});

it.each([
  ["maand/job/api/worker", true],
  ["maand/job/worker", false],
  ["maand/job/api/worker/10.0.0.1", false],
])("the namespace %s is internal: %s", (namespace, internal) => {
  expect(isInternal(namespace)).toBe(internal);
});
