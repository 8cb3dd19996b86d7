/**
 * A service that plugins offer to each other: its name, and the type of what its provider makes. Define it in a file that
 * both import.
 */
export interface Service<T> {
  /** The provider's name, a dot, and what it offers: `acme.tickets`. */
  readonly name: string;
  /** How a plugin provides it; `make` is called once, when another plugin first uses the service. */
  by(make: () => T): ProvidedService;
}

/** A service and how it is made: an entry of `provides.services`. */
export interface ProvidedService {
  readonly service: string;
  make(): unknown;
}

/** Defines a service: `const TICKETS = defineService<Tickets>("acme.tickets")`. */
export function defineService<T>(name: string): Service<T> {
  return { name, by: (make) => ({ service: name, make }) };
}
