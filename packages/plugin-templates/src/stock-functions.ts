import { isMaandError, MaandError, type RenderContext, type TemplateFunctions } from "@maand/core";
import { jobSecret } from "@maand/core/internal";
import { numberFunctions, textFunctions, typed } from "@maand/gotemplate";

/**
 * The functions of every template, in addition to those of Go. The allocation's KV reader decides what they may read.
 */
export function stockFunctions(current: () => RenderContext): TemplateFunctions {
  return { ...reading(current), ...textFunctions, ...numberFunctions };
}

function reading(current: () => RenderContext): TemplateFunctions {
  const get = (namespace: string, key: string) => naming(key, () => current().kv.get(namespace, key));
  return {
    get: typed(["string", "string"], get),
    getOptional: typed(["string", "string"], (namespace, key) =>
      naming(key, () => current().kv.find(namespace, key) ?? ""),
    ),
    getSecret: typed(["string"], (key) => jobSecret(current().kv, current().job.name, key)),
    keys: typed(["string"], (namespace) => current().kv.keys(namespace)),
  };
}

/** Adds the key to a refusal, which names only the namespace. */
function naming<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isMaandError(cause) || cause.code !== "KV_REFUSED") throw cause;
    const { code, message, hint } = cause;
    throw new MaandError({
      code,
      message: `${message} (key "${key}")`,
      ...(hint === undefined ? {} : { hint }),
      cause,
    });
  }
}
