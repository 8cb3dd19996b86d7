import { LogsShowCommand } from "./show.ts";

/** `maand logs` (deploy.md 8.3). */
export const LOGS_COMMANDS = [LogsShowCommand];
