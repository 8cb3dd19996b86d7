import type { Adapter } from "../adapter.ts";
import { memberOf, parseOutput, secretText } from "../json.ts";

/** Doppler, through `doppler`: all secrets of a configuration with one call, which leaves no copy on disk. */
export const doppler: Adapter = {
  syntax: "secret://doppler/<project>/<config>/<NAME>",
  install: "install the command-line tool of Doppler",
  access: "log in: doppler login, or set DOPPLER_TOKEN",
  locate({ path, field: none }) {
    const [project, config, name, ...more] = path;
    if (project === undefined || config === undefined || name === undefined || more.length > 0 || none !== undefined)
      return undefined;
    const from = ["--project", project, "--config", config];
    return {
      argv: ["doppler", "secrets", "download", ...from, "--no-file", "--no-fallback", "--format", "json"],
      field: name,
    };
  },
  value: (output, name) => secretText(memberOf(parseOutput(output), name)),
};
