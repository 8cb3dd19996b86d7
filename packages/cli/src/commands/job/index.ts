import { JobRestartCommand, JobRunCommand, JobStartCommand, JobStatusCommand, JobStopCommand } from "./control.ts";

/** What can be done to a job by hand (seed job). */
export const JOB_COMMANDS = [JobStartCommand, JobStopCommand, JobRestartCommand, JobRunCommand, JobStatusCommand];
