import type { MaandError } from "../../errors.ts";
import { pluginError } from "../../plugin-api/life/plugin-error.ts";
import { pluginState } from "../../plugin-api/life/plugin-state.ts";
import type { PluginTools } from "../../plugin-api/life/plugin-tools.ts";
import { stateInMemory } from "../../plugin-api/life/state-in-memory.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import type { Tracer } from "../trace/tracer.ts";
import { TapWatch } from "../watch/tap-watch.ts";
import { disposeAll } from "./dispose.ts";
import { ServiceRegistry } from "./service-registry.ts";
import { StateSource } from "./state-source.ts";

/** Used for plugins that are applied without a bucket, such as in a test. Their state is in memory. */
export function lifeWithoutBucket(): PluginLife {
  const life = new PluginLife();
  life.states.open(stateInMemory());
  return life;
}

/**
 * Contains the objects that a bucket's plugins share while the bucket is open, and disposes the plugins when the bucket
 * closes.
 */
export class PluginLife {
  readonly watch: TapWatch;
  /** Measures the taps; absent for a bucket that is not traced. */
  readonly tracer: Tracer | undefined;
  readonly states = new StateSource();
  /** Whether a string contains a known secret. */
  hasSecret: (text: string) => boolean = () => false;
  readonly #applied: Plugin[] = [];
  #services = new ServiceRegistry([]);

  constructor(watch = new TapWatch(), tracer?: Tracer) {
    this.watch = watch;
    this.tracer = tracer;
  }

  /** Call this before plugins are applied, because they can use each other's services. */
  begin(plugins: readonly Plugin[]): void {
    this.#services = new ServiceRegistry(plugins);
  }

  /** The tools that a plugin receives with the hooks. */
  toolsFor(plugin: Plugin): PluginTools {
    const { name } = plugin;
    return Object.freeze({
      error: (code, message, options) => pluginError(name, code, message, options),
      use: (service) => this.#services.use(plugin, service),
      state: (entries) =>
        pluginState(
          { plugin: name, rows: () => this.states.rows(name), hasSecret: (text) => this.hasSecret(text) },
          entries,
        ),
    } satisfies PluginTools);
  }

  /** Records that a plugin was applied and must be disposed. */
  applied(plugin: Plugin): void {
    this.#applied.push(plugin);
  }

  /** Whether any plugin still needs to be disposed. */
  get isOpen(): boolean {
    return this.#applied.some(({ dispose }) => dispose !== undefined);
  }

  /** Disposes all plugins; returns the errors. */
  dispose(): Promise<MaandError[]> {
    return disposeAll(this.#applied.splice(0));
  }
}
