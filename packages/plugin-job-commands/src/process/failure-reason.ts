/** The maximum length of a reason, in characters. */
const MAX_LENGTH = 300;

/** The line that names the error: the last line of a Python traceback, or a line of a Node stack. */
const ERROR = /^(?:Uncaught )?[A-Za-z_$][\w$.]*(?:Error|Exception|Exit|Failed|Interrupt|Warning)\b(?: \[\w+\])?(?::|$)/;

/** Lines that do not describe the error: stack frames, quoted source, the version of Node. */
const AROUND = /^(?:\s|Node\.js v|Bun v|Traceback \(|[{}\])]|$)/;

/** The line with the reason why a script failed, from its last lines; undefined if it printed none. */
export function reasonIn(lines: readonly string[]): string | undefined {
  const reason = lines.findLast((line) => ERROR.test(line)) ?? lines.findLast((line) => !AROUND.test(line));
  return reason === undefined || reason.length <= MAX_LENGTH ? reason : `${reason.slice(0, MAX_LENGTH)}...`;
}
