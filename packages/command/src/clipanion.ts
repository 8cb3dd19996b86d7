/**
 * The parts of clipanion for writing a command. The package of clipanion gives its entry point without an extension.
 * Node and vitest resolve it to different files, and Node cannot load the file that vitest uses. This module therefore
 * names the file, and plugins import these names from this package.
 */
export { Cli, Command, Option } from "clipanion/lib/advanced/index.js";
