/**
 * For the `vitest.config.ts` of a plugin that imports clipanion itself: `defineConfig({ plugins: [maandPlugin()] })`.
 */
import { createRequire } from "node:module";

/** The part of a Vite plugin that is used here. */
export interface VitePlugin {
  readonly name: string;
  readonly enforce: "pre";
  resolveId(module: string, importer: string | undefined): string | undefined;
}

/**
 * Lets vitest load clipanion. The package of clipanion names its entry point without an extension, so vitest would load
 * a file that Node cannot load. A plugin that imports `Command` and `Option` from `@maand/command` does not need this.
 */
export function maandPlugin(): VitePlugin {
  return {
    name: "maand",
    enforce: "pre",
    resolveId(module, importer) {
      if (module !== "clipanion") return undefined;
      return createRequire(importer?.startsWith("/") ? importer : import.meta.url).resolve(module);
    },
  };
}
