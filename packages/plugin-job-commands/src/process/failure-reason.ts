/** The most characters of a reason. */
const MOST = 300;

/** The last line of a traceback of Python, or the line of a stack of Node, that names the error. */
const ERROR = /^(?:Uncaught )?[A-Za-z_$][\w$.]*(?:Error|Exception|Exit|Failed|Interrupt|Warning)\b(?: \[\w+\])?(?::|$)/;

/** Lines that say nothing about the error: frames of a stack, the source they quote, the version of Node. */
const AROUND = /^(?:\s|Node\.js v|Bun v|Traceback \(|[{}\])]|$)/;

/** The line that says why a script failed, from its last lines; undefined if it printed none. */
export function reasonIn(lines: readonly string[]): string | undefined {
  const reason = lines.findLast((line) => ERROR.test(line)) ?? lines.findLast((line) => !AROUND.test(line));
  return reason === undefined || reason.length <= MOST ? reason : `${reason.slice(0, MOST)}...`;
}
