import { basename } from "node:path";
import type { Finding } from "@maand/core";
import { type Bucket, fileMode } from "@maand/core/internal";
import { fault, type ListedFile } from "@maand/core/operator";

/**
 * Reports that any user of a worker can read files with secrets. This is the case in a bucket without
 * `secret_files_mode`, because the bucket is older than that setting. Setting it to any mode stops the report.
 */
export function examineSecretFiles({
  settings,
  paths,
  store,
}: Pick<Bucket, "settings" | "paths" | "store">): Finding[] {
  if (settings.secretFilesMode !== undefined) return [];
  const promoted = store.promoted.recorded();
  const open = store.catalog.allocations().filter(({ id }) => {
    const digest = promoted.get(id)?.promoted?.digest;
    return digest !== undefined && store.promoted.files(digest).some(isOpen);
  });
  const jobs = [...new Set(open.map(({ job }) => job))];
  if (jobs.length === 0) return [];
  const message = `any user of a worker can read the secrets in files of ${jobs.join(", ")}: their mode is 0644`;
  const set =
    'set secret_files_mode = "0600" in maand.conf and deploy; files that services of other users read also need a group';
  return [fault("secret_files", basename(paths.conf), message, `# ${set}: docs/secrets.md`)];
}

/** File lists older than recorded modes do not contain the modes that plugins set, such as 0600 for private keys. */
function isOpen(file: ListedFile): boolean {
  const isKey = file.mode === undefined && file.path.endsWith(".key");
  return file.secret === true && !isKey && (fileMode(file) & 0o004) !== 0;
}
