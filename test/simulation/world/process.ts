/** Thrown in code of a process that was killed, so that it cannot do anything more. */
export class Killed extends Error {
  constructor(name: string) {
    super(`${name} was killed`);
  }
}

/** A process on a simulated machine, which may be frozen, as by SIGSTOP, or killed at any moment. */
export class SimulatedProcess {
  readonly name: string;
  isDead = false;
  /** The moment when it runs again. */
  frozenUntil = 0;
  readonly #onDeath: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Calls a function when the process ends, in whatever way. */
  onDeath(listener: () => void): void {
    this.#onDeath.push(listener);
  }

  kill(): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const listener of this.#onDeath.splice(0)) listener();
  }

  mustLive(): void {
    if (this.isDead) throw new Killed(this.name);
  }
}
