import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { REPOSITORY } from "../../scripts/book/chapters.mjs";
import { rules, slugify } from "../markdown.mjs";
import { BOOK, isPage, placeOf, SKIPPED, sidebar } from "../pages.mjs";
import { writePermanentLinks } from "../permanent-links.mjs";

/** Finds Vue for pages, which are compiled to modules that import it; only this package has Vue installed. */
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
  // the path of the site in its URL, such as /docs/
  base: process.env.MAAND_DOCS_BASE ?? "/",
  srcDir: REPOSITORY,
  srcExclude: SKIPPED.map((directory) => `**/${directory}/**`),
  rewrites: (path) => placeOf(path),
  additionalConfig: {}, // otherwise VitePress would load every config.ts in the repository
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

/**
 * Whether a page is in the book. The search finds only such pages; the site contains other pages only because the book
 * links to them.
 */
function isInBook({ path, realPath }) {
  const file = relative(REPOSITORY, realPath ?? path);
  return isPage(file) && BOOK.has(file);
}
