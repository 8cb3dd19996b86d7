import { COMMAND } from "./kinds/command.ts";
import { HOOK } from "./kinds/hook.ts";
import { defaultExport, type Kind } from "./kinds/kind.ts";
import { LIFECYCLE } from "./kinds/lifecycle.ts";
import { TRANSPORT } from "./kinds/transport.ts";
import type { PluginNames } from "./plugin-names.ts";

/** The kinds of plugins that a package can start with. */
export const KINDS = { hook: HOOK, lifecycle: LIFECYCLE, transport: TRANSPORT, command: COMMAND } as const;

/** The name of a kind. */
export type KindName = keyof typeof KINDS;

/** Whether there is a kind with this name. */
export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name);
}

/** The files of a new plugin's package, by path. */
export function packageFiles(names: PluginNames, core: string, kind: KindName): Readonly<Record<string, string>> {
  const template = KINDS[kind];
  return {
    "package.json": `${JSON.stringify(manifest(names, core, template), undefined, 2)}\n`,
    "tsconfig.json": `${JSON.stringify(CHECKED, undefined, 2)}\n`,
    "tsconfig.build.json": `${JSON.stringify(BUILT, undefined, 2)}\n`,
    ".gitignore": "node_modules\ndist\n",
    "src/index.ts": template.source(names),
    "test/index.test.ts": template.test(names),
    "README.md": readme(names, template),
  };
}

/**
 * The running maand provides its own packages, so the peer dependencies are optional, and a bucket need not install
 * them.
 */
function manifest(names: PluginNames, core: string, { does, peers, schema }: Kind) {
  const own = Object.fromEntries(["@maand/core", ...peers].map((name) => [name, `^${core}`]));
  return {
    name: names.package,
    version: "0.1.0",
    description: `A maand plugin: ${does}.`,
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
    ...(schema && { dependencies: { valibot: "^1.5.0" } }),
    peerDependencies: own,
    peerDependenciesMeta: Object.fromEntries(Object.keys(own).map((name) => [name, { optional: true }])),
    devDependencies: { ...own, "@types/node": "^20.19.0", typescript: "^7.0.2", vitest: "^4.1.12" },
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

function readme(names: PluginNames, { does, listed, usage }: Kind): string {
  const { package: name, plugin, variable } = names;
  const { typescript, json } = listed(names);
  return `# ${name}

A plugin for maand: ${does}.

\`\`\`sh
npm install ${name}
\`\`\`

In the bucket's \`maand.config.ts\`:

\`\`\`ts
import { defaults } from "@maand/cli";
import { defineConfig } from "@maand/core";
import { ${variable} } from "${name}";

${defaultExport(`defineConfig({ plugins: [...defaults(), ${typescript}] })`)}\`\`\`

In JSON or YAML: \`["defaults", ${json}]\`.

${usage(names)}
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
