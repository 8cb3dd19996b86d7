import { errorText, isMaandError, MaandError } from "../../errors.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";

/**
 * The maximum duration of a plugin's `dispose`: long enough to send buffered data, short enough not to hang on a
 * service that does not respond.
 */
export const DISPOSE_MS = 10_000;

/**
 * Calls `dispose` of every applied plugin, one after another, in reverse order of their application. A plugin that uses
 * a service is disposed before the plugin that provides it. Returns the errors; a failure does not prevent the
 * `dispose` of the other plugins.
 */
export async function disposeAll(applied: readonly Plugin[]): Promise<MaandError[]> {
  const errors: MaandError[] = [];
  for (const plugin of inOrder(applied)) {
    const error = await disposeOne(plugin);
    if (error) errors.push(error);
  }
  return errors;
}

async function disposeOne(plugin: Plugin): Promise<MaandError | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLong(plugin)), DISPOSE_MS);
  });
  try {
    await Promise.race([plugin.dispose?.(), late]);
    return undefined;
  } catch (cause) {
    if (isMaandError(cause)) return cause;
    return new MaandError({
      code: "HOOK_FAILED",
      message: `${plugin.name} failed in dispose: ${errorText(cause)}`,
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

function tooLong({ name }: Plugin): MaandError {
  return new MaandError({
    code: "HOOK_STUCK",
    message: `${name} did not finish dispose within ${DISPOSE_MS / 1000} s`,
    hint: `data that ${name} had not sent yet may be lost; check what its dispose waits for`,
  });
}

/**
 * Plugins with a `dispose`, in reverse order of their application, except that no plugin comes before the plugins that
 * use its services.
 */
function inOrder(applied: readonly Plugin[]): Plugin[] {
  const left = applied.filter(({ dispose }) => dispose !== undefined).reverse();
  const ordered: Plugin[] = [];
  while (left.length > 0) {
    const free = left.findIndex((plugin) => !left.some((other) => other !== plugin && uses(other, plugin)));
    ordered.push(...left.splice(Math.max(0, free), 1)); // a cycle: last applied first
  }
  return ordered;
}

function uses({ needs = [] }: Plugin, { provides }: Plugin): boolean {
  return (provides?.services ?? []).some(({ service }) => needs.some(({ name }) => name === service));
}
