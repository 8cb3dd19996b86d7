/** The events at which commands of a job run, each with a description; plugins may add others. */
export const COMMAND_EVENTS = {
  post_build: "at the end of a build",
  pre_deploy: "in a deploy, before the job's templates are rendered and its changes are planned",
  post_deploy: "in a deploy, after the job's rollout",
  job_control: "in a deploy, in place of the job's own rollout",
  health_check: "at every health check of the job; it cannot write to the KV store",
  cli: "when it is run on the command line",
  after_allocation_started: "in a deploy, after each batch of allocations that was started or upgraded",
  after_allocation_stopped: "in a deploy, after an allocation was stopped",
} as const;

/** One of {@link COMMAND_EVENTS}. */
export type CommandEvent = keyof typeof COMMAND_EVENTS;

/** Whether a word is one of these events. */
export function isCommandEvent(word: string): word is CommandEvent {
  return Object.hasOwn(COMMAND_EVENTS, word);
}
