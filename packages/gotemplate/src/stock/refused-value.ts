/** Thrown by a function for a value it does not take, with what to do about it. */
export class RefusedValue extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
