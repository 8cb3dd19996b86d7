export { type CertsOptions, certs } from "./certs.ts";
export type { KeyKind } from "./key-pair.ts";
export { type CertEntry, readCerts } from "./settings.ts";
