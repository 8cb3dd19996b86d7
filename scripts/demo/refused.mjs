/** Why the demo cannot continue, in one line. */
export class Refused extends Error {
  /** Exit code 2: nothing was done; 1: a step failed; 130: interrupted. */
  constructor(message, exit = 2) {
    super(message);
    this.exit = exit;
  }
}
