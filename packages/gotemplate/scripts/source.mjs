import { createJiti } from "jiti";

const jiti = createJiti(import.meta.url, { fsCache: false });

/** Loads a module of this package from its TypeScript source, which Node 20 cannot load directly. */
export function fromSource(path) {
  return jiti.import(new URL(`../src/${path}`, import.meta.url).pathname);
}
