import { MaandError, type RenderContext, type Tree } from "@maand/core";
import { placeOf } from "../sources.ts";
import { CHECK_CONFIG, lastReason, type Promtool, runPromtool } from "./run-promtool.ts";

const CONFIG = "prometheus.yml";

/**
 * Checks the rendered configuration of a server job with promtool, if it is installed on this machine.
 */
export async function checkConfig(
  promtool: Promtool,
  { files }: Tree,
  { job, worker, read }: RenderContext,
): Promise<void> {
  const file = files.find(({ path }) => path === CONFIG);
  if (!file) return;
  const text = Buffer.from(file.content ?? read(file)).toString();
  const { state, output } = await runPromtool(promtool, CHECK_CONFIG, [{ name: CONFIG, text }]);
  if (state !== "refused") return;
  throw new MaandError({
    code: "RENDER_FAILED",
    message: `${placeOf(job.name, CONFIG)}: promtool rejects it: ${lastReason(output)} (rendered for ${worker.host})`,
    hint: "promtool check config --syntax-only shows the details",
    worker: worker.host,
  });
}
