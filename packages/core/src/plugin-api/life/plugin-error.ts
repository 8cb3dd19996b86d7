import { MaandError, type PluginErrorCode } from "../../errors.ts";
import type { PluginErrorOptions } from "./plugin-tools.ts";

const CODE = /^[A-Z][A-Z0-9_]*$/;

/**
 * An error with a code of a plugin's own. Its message ends with the code, because no page of maand's explains it. A code that
 * is not in capital letters throws.
 */
export function pluginError(
  plugin: string,
  word: string,
  message: string,
  options: PluginErrorOptions = {},
): MaandError & { readonly code: PluginErrorCode } {
  if (!CODE.test(word)) throw new TypeError(`"${word}" is no code of an error; write it like NO_TOKEN`);
  const code: PluginErrorCode = `${plugin}/${word}`;
  const error = new MaandError({ ...options, code, message: `${message} (${code})` });
  return Object.assign(error, { code });
}
