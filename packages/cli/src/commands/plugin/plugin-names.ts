/** The names of a new plugin in different places. */
export interface PluginNames {
  /** The npm package: `@acme/maand-plugin-slack`. */
  readonly package: string;
  /** The last part of the package name. */
  readonly directory: string;
  /** The name in taps, errors and `maand plugins`: `slack`. */
  readonly plugin: string;
  /** The plugin, or the function that creates it, in TypeScript. */
  readonly variable: string;
}

/** The names of a plugin, derived from its package name; undefined for a name that npm or maand would refuse. */
export function pluginNames(name: string): PluginNames | undefined {
  const [, directory = ""] = /^(?:@[a-z0-9][a-z0-9._-]*\/)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/.exec(name) ?? [];
  const plugin = directory.replace(/^(maand-plugin|maand|plugin)-/, "");
  if (directory === "" || name.length > 214 || RESERVED.includes(plugin)) return undefined;
  const variable = plugin.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return { package: name, directory, plugin, variable: /^[a-z]/.test(variable) ? variable : `plugin${variable}` };
}

/** Words with another meaning in a configuration, and words that are not valid function names. */
const RESERVED: readonly string[] = [
  ...["defaults", "config", "maand", "plugin", "options", "default", "import", "export", "function", "class", "new"],
  ...["delete", "return", "switch", "case", "package", "static", "public", "private", "null", "true", "false", "void"],
  ...["this", "super", "typeof", "var", "let", "const", "if", "else", "for", "while", "do", "in", "of", "try", "catch"],
  ...["throw", "with", "yield", "await", "async", "enum", "extends", "finally", "instanceof", "break", "continue"],
  ...["debugger", "implements", "interface", "protected", "v", "definePlugin", "eval", "arguments"],
];
