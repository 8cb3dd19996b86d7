/**
 * The parts of clipanion for writing a command. The package of clipanion names its entry point without an extension,
 * which Node and vitest resolve to different files, and Node cannot load that of vitest. So the file is named here, and
 * plugins import these names from this package.
 */
export { Cli, Command, Option } from "clipanion/lib/advanced/index.js";
