import { createJiti } from "jiti";

const jiti = createJiti(import.meta.url, { fsCache: false });

/** Loads a module of this package from its TypeScript source: Node 20 does not read types itself. */
export function fromSource(path) {
  return jiti.import(new URL(`../src/${path}`, import.meta.url).pathname);
}
