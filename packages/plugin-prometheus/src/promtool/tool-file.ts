/** A file for promtool to check. */
export interface ToolFile {
  /** Its path in the directory that promtool runs in. */
  readonly name: string;
  readonly text: string;
}
