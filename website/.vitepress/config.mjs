import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { REPOSITORY } from "../../scripts/book/chapters.mjs";
import { rules, slugify } from "../markdown.mjs";
import { BOOK, isPage, placeOf, SKIPPED, sidebar } from "../pages.mjs";
import { writePermanentLinks } from "../permanent-links.mjs";

/** Pages are outside of this package, and are compiled to modules that import its Vue. */
const vueOfPages = {
  name: "vue-of-pages",
  enforce: "pre",
  resolveId(id, importer, options) {
    if (!/^vue(\/|$)/.test(id) || !importer?.includes(".md")) return null;
    return this.resolve(id, fileURLToPath(import.meta.url), { ...options, skipSelf: true });
  },
};

export default defineConfig({
  title: "maand",
  description: "Deploys and runs services on Linux machines over ssh, without agents.",
  // where the site is served from, if that is not the top of a host: /docs/
  base: process.env.MAAND_DOCS_BASE ?? "/",
  srcDir: REPOSITORY,
  srcExclude: SKIPPED.map((directory) => `**/${directory}/**`),
  rewrites: (path) => placeOf(path),
  additionalConfig: {}, // else every config.ts of the repository would be loaded as one of the website
  ignoreDeadLinks: false,
  markdown: {
    anchor: { slugify },
    toc: { slugify },
    headers: { slugify },
    config: rules,
    languageAlias: { output: "txt" },
  },
  themeConfig: {
    sidebar: sidebar(),
    outline: [2, 3],
    search: {
      provider: "local",
      options: {
        _render: (source, env, md) => (isInBook(env) ? md.render(source, env) : ""),
      },
    },
  },
  vite: { plugins: [vueOfPages] },
  buildEnd: ({ outDir }) => writePermanentLinks(outDir),
});

/** The search finds what is in the book; other pages are there because it links to them. */
function isInBook({ path, realPath }) {
  const file = relative(REPOSITORY, realPath ?? path);
  return isPage(file) && BOOK.has(file);
}
