/** The names of a new plugin in different places. */
export interface PluginNames {
  /** The npm package: `@acme/maand-plugin-slack`. */
  readonly package: string;
  /** The last part of the package name. */
  readonly directory: string;
  /** The name in taps, errors and `maand plugins`: `slack`. */
  readonly plugin: string;
  /** The function that creates the plugin. */
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

/** The files of a new plugin's package, by path. */
export function packageFiles(names: PluginNames, core: string): Readonly<Record<string, string>> {
  return {
    "package.json": `${JSON.stringify(manifest(names, core), undefined, 2)}\n`,
    "tsconfig.json": `${JSON.stringify(CHECKED, undefined, 2)}\n`,
    "tsconfig.build.json": `${JSON.stringify(BUILT, undefined, 2)}\n`,
    ".gitignore": "node_modules\ndist\n",
    "src/index.ts": source(names),
    "test/index.test.ts": test(names),
    "README.md": readme(names),
  };
}

function manifest(names: PluginNames, core: string) {
  return {
    name: names.package,
    version: "0.1.0",
    description: `A maand plugin: ${names.plugin}.`,
    license: "UNLICENSED",
    keywords: ["maand", "maand-plugin"],
    type: "module",
    engines: { node: ">=20.19" },
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    files: ["dist"],
    scripts: {
      check: "tsc -p tsconfig.json",
      test: "vitest run",
      build: "tsc -p tsconfig.build.json",
      prepack: "npm run build",
    },
    dependencies: { valibot: "^1.5.0" },
    peerDependencies: { "@maand/core": `^${core}` },
    devDependencies: { "@maand/core": `^${core}`, "@types/node": "^20.19.0", typescript: "^7.0.2", vitest: "^4.1.12" },
  };
}

const CHECKED = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
    types: ["node"],
    noEmit: true,
  },
  include: ["src", "test"],
};

const BUILT = {
  extends: "./tsconfig.json",
  compilerOptions: { noEmit: false, declaration: true, rootDir: "src", outDir: "dist" },
  include: ["src"],
};

/**
 * The default export that the configuration examples use. As a constant, because maand's own files have no default export.
 */
const DEFAULT_EXPORT = "export default";

function source({ plugin, variable }: PluginNames): string {
  return `import { pluginWithOptions } from "@maand/core";
import * as v from "valibot";

/** The options with their defaults. */
const Options = v.object({
  /** The word before each line. */
  word: v.optional(v.string(), "deployed"),
});

/** Prints a line for every deployed job. */
export const ${variable} = pluginWithOptions({
  name: "${plugin}",
  options: Options,
  apply({ afterJob }, { word }) {
    afterJob.tapPromise("${plugin}", async ({ job, allocations, log }) => {
      log(\`\${word} \${job.name} \${job.version} on \${allocations.length} workers\`);
    });
  },
});

${DEFAULT_EXPORT} ${variable};
`;
}

function test({ plugin, variable }: PluginNames): string {
  return `import { aBucket, callHook, scopedJobContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { ${variable} } from "../src/index.ts";

describe("${plugin}", () => {
  it("prints a line for a job", async () => {
    const context = scopedJobContext();
    await callHook(${variable}({ word: "shipped" }), "afterJob", context);
    expect(context.output).toEqual([{ line: "shipped api 1.0.0 on 1 workers" }]);
  });

  it("prints the lines of a whole deploy, with in-memory workers", async () => {
    const bucket = aBucket({ plugins: [${variable}()] });
    bucket.workers("10.0.0.1", "10.0.0.2");
    bucket.job("api", { version: "1.2.0", selectors: ["worker"] });
    const { outcome } = await bucket.ship().finally(bucket.dispose);
    expect(outcome).toBe("ok");
    const lines = bucket.events.flatMap((event) => (event.type === "output" ? [event.line] : []));
    expect(lines).toEqual(["deployed api 1.2.0 on 2 workers"]);
  });

  it("refuses unknown options", () => {
    const wrong = () => Reflect.apply(${variable}, undefined, [{ wrod: "shipped" }]);
    expect(wrong).toThrow('plugin "${plugin}" refuses its options');
  });
});
`;
}

function readme({ package: name, plugin, variable }: PluginNames): string {
  return `# ${name}

A plugin for maand: prints a line for every deployed job.

\`\`\`sh
npm install ${name}
\`\`\`

In the bucket's \`maand.config.ts\`:

\`\`\`ts
import { defaults } from "@maand/cli";
import { defineConfig } from "@maand/core";
import { ${variable} } from "${name}";

${DEFAULT_EXPORT} defineConfig({ plugins: [...defaults(), ${variable}({ word: "shipped" })] });
\`\`\`

In JSON or YAML: \`["defaults", ["${name}", { "word": "shipped" }]]\`.

| Option | Meaning | Default |
| --- | --- | --- |
| \`word\` | the word before each line | \`deployed\` |

\`maand plugins\` shows it as \`${plugin}\`.

## Development

\`\`\`sh
npm install
npm test
npm run check
npm publish
\`\`\`

Before you publish, choose a license in \`package.json\`.
`;
}
