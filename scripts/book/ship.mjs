// Copies the book into the package of the command, so that maand docs and maand explain work without a network.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { CONTENTS, chapters, REPOSITORY } from "./chapters.mjs";

/** Replaces the contents of a directory with the table of contents and all chapters. Links between them stay valid. */
export function shipBook(directory) {
  rmSync(directory, { recursive: true, force: true });
  for (const path of [CONTENTS, ...chapters().map((chapter) => chapter.path)]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    copyFileSync(join(REPOSITORY, path), join(directory, path));
  }
}
