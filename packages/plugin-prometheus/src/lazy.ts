/** The modules that read YAML and Markdown. Loaded only if a workspace has a job that runs Prometheus. */

export { checkWorkspace } from "./check.ts";
export { checkConfig } from "./promtool/check-config.ts";
export { renderServer } from "./render.ts";
