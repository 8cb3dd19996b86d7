import { didYouMean } from "../../domain/workspace/names.ts";

/**
 * A service that one plugin provides for others: its name, and the type of the object that the provider creates. Define
 * it in a file that both plugins import.
 */
export interface Service<T> {
  /** The provider's name, a dot, and what it offers: `acme.tickets`. */
  readonly name: string;
  /** How a plugin provides it; `make` is called once, when another plugin first uses the service. */
  by(make: () => T): ProvidedService;
}

/** A service and the function that creates it: an entry of `provides.services`. */
export interface ProvidedService {
  readonly service: string;
  make(): unknown;
}

/** Defines a service: `const TICKETS = defineService<Tickets>("acme.tickets")`. */
export function defineService<T>(name: string): Service<T> {
  return { name, by: (make) => ({ service: name, make }) };
}

/** The message for a service that no plugin provides. */
export function missingService(user: string, service: string): string {
  return `plugin "${user}" needs the service "${service}", which no loaded plugin provides`;
}

/** The hint for a service that no plugin provides. */
export function providerHint(service: string, provided: readonly string[]): string {
  return (
    didYouMean(service, provided) ?? `add the plugin that provides "${service}" to the plugins of the configuration`
  );
}
