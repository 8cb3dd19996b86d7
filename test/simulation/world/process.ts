/** Thrown in the code of a killed process, so that it ends. */
export class Killed extends Error {
  constructor(name: string) {
    super(`${name} was killed`);
  }
}

/** A process on a simulated machine. It can be frozen, as by SIGSTOP, or killed at any moment. */
export class SimulatedProcess {
  readonly name: string;
  isDead = false;
  /** The time when it continues. */
  frozenUntil = 0;
  readonly #onDeath: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Calls a function when the process ends or is killed. */
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
