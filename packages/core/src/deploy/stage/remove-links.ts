import type { FoundRepair } from "../../plan/drift/find-repairs.ts";
import type { ExecOptions, Remote } from "../../remote/remote.ts";

/**
 * A script that removes only links, never their targets. It checks each path first, because something else might have
 * replaced the link meanwhile.
 */
const SCRIPT = 'for path; do [ ! -L "$path" ] || rm -f -- "$path" || exit 1; done';

/**
 * Removes links that replaced files or directories of jobs, for a deploy with `--verify`. Without `--verify`, a sync
 * refuses to replace such links. Throws COMMAND_FAILED.
 */
export async function removeLinks(
  remote: Remote,
  repairs: readonly FoundRepair[],
  options: Pick<ExecOptions, "timeoutMs" | "signal">,
): Promise<void> {
  const paths = repairs.flatMap(({ allocation, drift }) =>
    drift
      .filter(({ change, link }) => change === "replaced" && link !== undefined)
      .map(({ path }) => `${remote.root}/jobs/${allocation.job}/${path}`),
  );
  if (paths.length === 0) return;
  const { timeoutMs, signal } = options;
  await remote.exec(["sh", "-c", SCRIPT, "sh", ...paths], {
    title: "the removal of links in the place of files",
    asRoot: true,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  });
}
