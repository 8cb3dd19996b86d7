// npm run docs:order: writes the navigation into every page of the book. Run it after a change to docs/README.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chapters, REPOSITORY } from "./chapters.mjs";
import { withNavigation } from "./navigation.mjs";

const all = chapters();
for (const [index, { path }] of all.entries()) {
  const file = join(REPOSITORY, path);
  const text = readFileSync(file, "utf8");
  const wanted = withNavigation(text, all, index);
  if (wanted === text) continue;
  writeFileSync(file, wanted);
  console.log(path);
}
