/** Why the demo cannot continue, in one line. */
export class Refused extends Error {
  /** 2: refused before anything was done; 1: something failed; 130: interrupted. */
  constructor(message, exit = 2) {
    super(message);
    this.exit = exit;
  }
}
