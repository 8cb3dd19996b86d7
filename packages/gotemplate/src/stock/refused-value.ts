/** Thrown by a function for a value that it does not accept, with a hint. */
export class RefusedValue extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
