import { errorText, isMaandError, MaandError } from "../../errors.ts";
import { missingService, type ProvidedService, providerHint, type Service } from "../../plugin-api/life/services.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";

/**
 * The services of the plugins of a bucket. Each is created once, when it is first used, regardless of the order of the
 * plugins.
 */
export class ServiceRegistry {
  readonly #provided: ReadonlyMap<string, { readonly plugin: string; readonly offer: ProvidedService }>;
  readonly #made = new Map<string, unknown>();

  constructor(plugins: readonly Plugin[]) {
    this.#provided = new Map(
      plugins.flatMap(({ name: plugin, provides }) =>
        (provides?.services ?? []).map((offer) => [offer.service, { plugin, offer }] as const),
      ),
    );
  }

  /** Returns the service to a plugin that declares it in its needs. Throws PLUGIN_INVALID. */
  use<T>(user: Plugin, service: Service<T>): T;
  use(user: Plugin, { name }: Service<unknown>): unknown {
    if (!(user.needs ?? []).some((needed) => needed.name === name))
      throw invalid(
        `plugin "${user.name}" uses the service "${name}" but does not declare it`,
        "add it to the plugin's needs",
      );
    if (!this.#made.has(name)) this.#made.set(name, this.#make(user, name));
    return this.#made.get(name);
  }

  #make(user: Plugin, name: string): unknown {
    const found = this.#provided.get(name);
    if (!found) throw invalid(missingService(user.name, name), providerHint(name, [...this.#provided.keys()]));
    try {
      return found.offer.make();
    } catch (cause) {
      if (isMaandError(cause)) throw cause;
      throw invalid(
        `plugin "${found.plugin}" failed to create its service "${name}": ${errorText(cause)}`,
        undefined,
        cause,
      );
    }
  }
}

function invalid(message: string, hint: string | undefined, cause?: unknown): MaandError {
  return new MaandError({ code: "PLUGIN_INVALID", message, ...(hint === undefined ? {} : { hint }), cause });
}
