import { MaandError, type PluginErrorCode } from "../../errors.ts";
import type { PluginErrorOptions } from "./plugin-tools.ts";

const CODE = /^[A-Z][A-Z0-9_]*$/;

/**
 * An error with a plugin's own code. Its message ends with the code, because the documentation of maand does not list
 * it. Throws if the code is not in capital letters.
 */
export function pluginError(
  plugin: string,
  word: string,
  message: string,
  options: PluginErrorOptions = {},
): MaandError & { readonly code: PluginErrorCode } {
  if (!CODE.test(word)) throw new TypeError(`"${word}" is not a valid error code; write it like NO_TOKEN`);
  const code: PluginErrorCode = `${plugin}/${word}`;
  const error = new MaandError({ ...options, code, message: `${message} (${code})` });
  return Object.assign(error, { code });
}
