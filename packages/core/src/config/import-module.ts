/** Modules a configuration or plugin may import although they are not installed beside it: name to namespace. */
export type Modules = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Imports a TypeScript or JavaScript file, or a package by name from `from`, and answers its default export, or the
 * whole module when there is none. `@maand/core` is the running one, so that two copies never meet.
 */
export async function importModule(name: string, modules: Modules, from: string = name): Promise<unknown> {
  const { createJiti } = await import("jiti");
  const given = await Promise.all(
    Object.entries(modules).map(async ([key, load]): Promise<[string, unknown]> => [key, await load()]),
  );
  const jiti = createJiti(from, {
    interopDefault: true,
    moduleCache: false,
    fsCache: false,
    virtualModules: Object.fromEntries(given),
  });
  const loaded: unknown = await jiti.import(name, { default: true });
  return loaded;
}
