import { visibleLines } from "@maand/command";
import type { EngineCommand } from "@maand/command/internal";
import { systemText } from "@maand/command/unexpected";
import type { OpenedBucket } from "@maand/core/internal";
import { refreshSchemas } from "./editor-files.ts";

/**
 * Updates the schemas for editors after a build. If a schema cannot be written, prints only a warning, because the
 * build is not affected.
 */
export async function refreshAfterBuild(
  { paths, plugins }: Pick<OpenedBucket, "paths" | "plugins">,
  command: Pick<EngineCommand, "context" | "style">,
): Promise<void> {
  if (!plugins.some(({ name }) => name === "operations")) return;
  try {
    await refreshSchemas(paths.root, plugins);
  } catch (cause) {
    const { stderr } = command.context;
    const { warn, faint } = command.style("stderr");
    const why = visibleLines(cause instanceof Error ? systemText(cause) : String(cause));
    stderr.write(`${warn("warning:")} the schemas for editors are not up to date: ${why}\n`);
    stderr.write(`  ${faint("hint:")} make workspace/.schemas writable, or delete it if no editor uses it\n`);
  }
}
