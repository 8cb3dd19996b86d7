import { MaandError, type RenderContext, type Tree } from "@maand/core";
import { placeOf } from "../sources.ts";
import { CHECK_CONFIG, lastReason, runPromtool } from "./run-promtool.ts";

const CONFIG = "prometheus.yml";

/** Checks the rendered configuration of a server job with promtool, where it is on this machine; each text once. */
export function configChecker(program: string): (tree: Tree, context: RenderContext) => Promise<void> {
  const passed = new Set<string>();
  return async ({ files }, { job, worker, read }) => {
    const file = files.find(({ path }) => path === CONFIG);
    if (!file) return;
    const text = Buffer.from(file.content ?? read(file)).toString();
    if (passed.has(text)) return;
    const { state, output } = await runPromtool(program, CHECK_CONFIG, [{ name: CONFIG, text }]);
    if (state === "refused")
      throw new MaandError({
        code: "RENDER_FAILED",
        message: `${placeOf(job.name, CONFIG)}: promtool rejects it: ${lastReason(output)} (rendering it for ${worker.host})`,
        hint: "promtool check config --syntax-only shows the details",
        worker: worker.host,
      });
    passed.add(text);
  };
}
