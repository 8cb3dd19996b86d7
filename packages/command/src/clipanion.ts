/**
 * The parts of clipanion that a command is made of. Its package names its entry without an extension: Node then finds one file,
 * and vitest another, which Node cannot load. So the file is named here, and plugins import these names from this package.
 */
export { Cli, Command, Option } from "clipanion/lib/advanced/index.js";
