import type { RenderContext, Tree, TreeFile } from "@maand/core";
import { NAMESPACE } from "@maand/core/toolbox";
import { PREFIX } from "./contribute.ts";
import { readCerts } from "./settings.ts";

/**
 * Adds an allocation's certificates, their keys and the CA to its tree. Throws NOT_FOUND for a certificate that no
 * build has issued yet. Adds no CA if the last build had no CA.
 */
export function renderCerts(tree: Tree, { job, allocation, kv }: RenderContext): Tree {
  const namespace = NAMESPACE.allocation(job.name, allocation.host);
  const names = readCerts(job).map(({ name }) => name);
  const pairs = names.flatMap((name) => [
    file(`${PREFIX}${name}.crt`, kv.get(namespace, `${PREFIX}${name}.crt`)),
    { ...file(`${PREFIX}${name}.key`, kv.get(namespace, `${PREFIX}${name}.key`)), mode: 0o600, secret: true },
  ]);
  const authority = kv.find(NAMESPACE.workers, `${PREFIX}ca.crt`);
  const added = authority === undefined ? pairs : [file(`${PREFIX}ca.crt`, authority), ...pairs];
  if (added.length === 0) return tree;
  const replaced = new Set(added.map(({ path }) => path));
  return { files: [...tree.files.filter(({ path }) => !replaced.has(path)), ...added] };
}

function file(path: string, text: string): TreeFile {
  const content = Buffer.from(text);
  return { path, hash: "", executable: false, size: content.byteLength, mode: 0o644, content };
}
