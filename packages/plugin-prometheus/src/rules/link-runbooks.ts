import { isAlias, isMap, isSeq, parseDocument } from "yaml";
import { YAML_VERSION } from "../yaml-file.ts";

/**
 * Rules for a server job: the annotation `runbook` of an alert becomes a `runbook_url`, unless the alert already has
 * one. Everything else is unchanged; a file without such an annotation remains identical.
 */
export function linkRunbooks(text: string, urlOf: (runbook: string) => string): string {
  if (!text.includes("runbook")) return text;
  const document = parseDocument(text, { version: YAML_VERSION });
  const resolve = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  let changed = false;
  for (const group of itemsOf(resolve(document.get("groups", true)))) {
    const rules = mapOf(resolve(group))?.get("rules", true);
    for (const rule of itemsOf(resolve(rules))) {
      const annotations = mapOf(resolve(mapOf(resolve(rule))?.get("annotations", true)));
      const runbook = annotations?.get("runbook");
      if (!annotations || runbook === undefined) continue;
      annotations.delete("runbook");
      if (!annotations.has("runbook_url")) annotations.set("runbook_url", urlOf(String(runbook)));
      changed = true;
    }
  }
  return changed ? document.toString({ lineWidth: 0, directives: false }) : text;
}

function itemsOf(node: unknown): readonly unknown[] {
  return isSeq(node) ? node.items : [];
}

function mapOf(node: unknown) {
  return isMap(node) ? node : undefined;
}
