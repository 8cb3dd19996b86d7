export { type Confirmation, confirmed } from "./ask/confirm.ts";
export { hiddenLine } from "./ask/hidden-line.ts";
export { Command, Option } from "./clipanion.ts";
export { type Context, listOf, MaandCommand } from "./command.ts";
export {
  EXIT,
  type ProcessContext,
  type Program,
  type ProgressOptions,
  type ProgressReader,
  type TerminalEvent,
} from "./context.ts";
export { exitOf, printError, printProblems } from "./error.ts";
export { visible, visibleLines } from "./escape-control.ts";
export { duration, plural } from "./quantities.ts";
export { shownError } from "./shown-error.ts";
export { type Style, styleFor } from "./style.ts";
export type { Fold } from "./tables/fold-rows.ts";
export { type Column, type Screen, table } from "./tables/table.ts";
export { showsUnicode } from "./unicode.ts";
