export { jobCommands } from "./job-commands.ts";
