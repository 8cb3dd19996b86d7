import type { Job } from "@maand/core";
import { Document, isMap, isScalar, isSeq, type Node, Scalar, type YAMLMap } from "yaml";
import { YAML_VERSION, type YamlFile } from "../yaml-file.ts";
import { resolveNodes, seqOf } from "./resolve-nodes.ts";
import { addressOf, isFlaw, readTarget } from "./target.ts";

/** The placeholder for the name of the job. */
const JOB = /maand:job(?![A-Za-z0-9])/g;

/** Replaces `maand:job` in a text with the job's name. */
export function withJobName(text: string, job: string): string {
  return text.replace(JOB, () => job);
}

/**
 * Expands the scrape configurations of a job to a YAML list: fills in names, and replaces port names with ports for
 * each of the active `hosts`. A configuration without targets is omitted; the text is empty if all are omitted.
 */
export function expandScrape({ document }: YamlFile, job: Job, hosts: readonly string[]): string {
  const whole = resolveNodes(document.contents, document);
  const blocks = (isSeq<Node>(whole) ? whole.items : []).filter((block) => isMap<unknown, Node>(block));
  const filled = blocks.filter((block) => fillBlock(block, job, hosts));
  if (filled.length === 0) return "";
  const expanded = new Document(seqOf(filled), { version: YAML_VERSION });
  return expanded.toString({ lineWidth: 0, directives: false });
}

/** Fills in one configuration; returns whether it has targets. */
function fillBlock(block: YAMLMap<unknown, Node>, job: Job, hosts: readonly string[]): boolean {
  nameIn(block, "job_name", job.name);
  const configs = block.get("static_configs", true);
  let count = 0;
  for (const config of isSeq<Node>(configs) ? configs.items : []) {
    if (!isMap<unknown, Node>(config)) continue;
    const labels = config.get("labels", true);
    if (isMap<unknown, Node>(labels)) for (const { key } of labels.items) nameIn(labels, key, job.name);
    const targets = config.get("targets", true);
    const filled = isSeq<Node>(targets) ? targets.items.flatMap((target) => fillTarget(target, job, hosts)) : [];
    config.set("targets", seqOf(filled));
    count += filled.length;
  }
  return count > 0;
}

function nameIn(map: YAMLMap<unknown, Node>, key: unknown, job: string): void {
  const value = map.get(key, true);
  if (!isScalar(value) || typeof value.value !== "string") return;
  const named = withJobName(value.value, job);
  if (named !== value.value) map.set(key, new Scalar(named));
}

function fillTarget(node: Node, job: Job, hosts: readonly string[]): Node[] {
  const target = isScalar(node) && typeof node.value === "string" ? readTarget(node.value, job) : undefined;
  if (target === undefined || isFlaw(target)) return [node];
  const wanted = target.host === undefined ? hosts : hosts.filter((host) => host === target.host);
  return wanted.map((host) => new Scalar(addressOf(host, target.port)));
}
