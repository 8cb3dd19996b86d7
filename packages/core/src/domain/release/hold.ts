/** The reason why maand does not deploy the release that the workspace contains for a job. */
export interface Hold {
  /** The number of the release that is not deployed. */
  readonly release: number;
  readonly version: string;
  /** `rollback`: an operator chose another release; `revert`: its rollout failed and was reverted. */
  readonly kind: "rollback" | "revert";
  /** The reason, in one sentence. */
  readonly reason: string;
  /** ISO time. */
  readonly since: string;
  /** The user that ran the command. */
  readonly by: string;
}

/** Whether a job has no release to deploy because its only release is held. */
export function isParked({ release, hold }: { readonly release?: number; readonly hold?: Hold }): boolean {
  return hold !== undefined && hold.release === release;
}

/** The properties of a job that the text about its hold depends on. */
interface HeldJobText {
  readonly name: string;
  readonly version: string;
  readonly release?: number;
}

/** Describes a hold: the release that is not deployed, the reason, what is deployed instead, and how the hold ends. */
export function holdText({ name, version, release }: HeldJobText, hold: Hold): string {
  const ended = hold.kind === "rollback" ? "rolled back" : "reverted";
  const instead =
    release === undefined || release === hold.release ? "nothing is deployed" : `r${release} (${version}) is deployed`;
  return `${name} is held: r${hold.release} (${hold.version}) was ${ended} on ${hold.since.slice(0, 16).replace("T", " ")} by ${hold.by}, so ${instead} instead; the hold ends with the next build that changes ${name}, or with ${howToEnd(name, hold)}`;
}

/** The command that deploys a held release after all. */
export function howToEnd(job: string, { release }: Pick<Hold, "release">): string {
  return `maand deploy --jobs ${job} --release r${release}`;
}
