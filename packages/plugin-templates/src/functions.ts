import { isMaandError, MaandError, NAMESPACE, type RenderContext, type TemplateFunctions } from "@maand/core";
import { typed } from "@maand/gotemplate";
import { arithmetic } from "./arithmetic.ts";
import { words } from "./words.ts";

/** The functions every template has besides Go's own (build.md 13.1); what may be read is the allocation's own reader's to say. */
export function stockFunctions(current: () => RenderContext): TemplateFunctions {
  return { ...reading(current), ...words, ...arithmetic };
}

function reading(current: () => RenderContext): TemplateFunctions {
  const get = (namespace: string, key: string) => naming(key, () => current().kv.get(namespace, key));
  return {
    get: typed(["string", "string"], get),
    getOptional: typed(["string", "string"], (namespace, key) =>
      naming(key, () => current().kv.find(namespace, key) ?? ""),
    ),
    getSecret: typed(["string"], (key) => get(NAMESPACE.secrets(current().job.name), key)),
    keys: typed(["string"], (namespace) => current().kv.keys(namespace)),
  };
}

/** A refusal speaks of the namespace; whoever reads it looks for the key as well. */
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
