/**
 * Whether a terminal shows more than plain ASCII: only with a UTF-8 locale (`LC_ALL`, `LC_CTYPE` or `LANG`), and
 * neither on the Linux console nor on a terminal that is `dumb`. Without a locale, the C locale applies, which is
 * ASCII.
 */
export function showsUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "C";
  return /utf-?8/i.test(locale) && env.TERM !== "linux" && env.TERM !== "dumb";
}
