export { Command, Option } from "./clipanion.ts";
export { type Context, listOf, MaandCommand } from "./command.ts";
export {
  EXIT,
  type LeaveMoment,
  type ProcessContext,
  type Program,
  type ProgressOptions,
  type ProgressReader,
} from "./context.ts";
export { exitOf, printError, printProblems } from "./error.ts";
export { visible, visibleLines } from "./escape-control.ts";
export { duration, plural } from "./quantities.ts";
export { shownError } from "./shown-error.ts";
export { type Style, styleFor } from "./style.ts";
export type { Fold } from "./tables/fold-rows.ts";
export { type Column, table } from "./tables/table.ts";
