import { expect, it } from "vitest";
import { showsUnicode } from "./unicode.ts";

it.each([
  [{ LANG: "en_US.UTF-8" }, true],
  [{ LANG: "C.utf8", TERM: "xterm-256color" }, true],
  [{ LANG: "en_US.UTF-8", LC_ALL: "C" }, false],
  [{ LANG: "C", LC_CTYPE: "C.UTF-8" }, true],
  [{ LANG: "de_DE.ISO-8859-1" }, false],
  [{ LANG: "C.UTF-8", TERM: "linux" }, false],
  [{ LANG: "C.UTF-8", TERM: "dumb" }, false],
  [{}, false],
])("a terminal with %j shows Unicode: %s", (env, expected) => expect(showsUnicode(env)).toBe(expected));
