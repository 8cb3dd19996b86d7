import type { CertificatesAnswer, DoctorAnswer } from "../contract.ts";
import { printedBy, type Starter } from "./maand-process.ts";
import { failureOf, jsonIn } from "./printed-error.ts";

const CERTS_MS = 60_000;
const DOCTOR_MS = 15 * 60_000;
/** How long the list of certificates is reused, in milliseconds. */
const FRESH_MS = 30_000;
/** `maand doctor` ends with 1 if it finds a problem. */
const DOCTOR_CODES = [0, 1];

/** The output of commands that open the bucket with its plugins. They run as processes, one at a time. */
export class Checks {
  readonly #starter: Starter;
  readonly #now: () => Date;
  readonly #changed: () => void;
  #certificates: { readonly until: number; readonly answer: Promise<CertificatesAnswer> } | undefined;
  #doctor: DoctorAnswer = { at: null, running: false, findings: [], problem: null };

  /** `changed` is called when the doctor has ended. */
  constructor(starter: Starter, now: () => Date, changed: () => void) {
    this.#starter = starter;
    this.#now = now;
    this.#changed = changed;
  }

  /** The certificates, as `maand cat certs` lists them. */
  certificates(): Promise<CertificatesAnswer> {
    const now = this.#now().getTime();
    if (!this.#certificates || this.#certificates.until < now) {
      const answer = this.#readCertificates();
      this.#certificates = { until: now + FRESH_MS, answer };
      answer.catch(() => {
        this.#certificates = undefined;
      });
    }
    return this.#certificates.answer;
  }

  /** The last findings. */
  doctor(): DoctorAnswer {
    return this.#doctor;
  }

  /** Starts another check, unless one is running. */
  examine(): DoctorAnswer {
    if (this.#doctor.running) return this.#doctor;
    this.#doctor = { ...this.#doctor, running: true };
    void this.#examined().then((found) => {
      this.#doctor = { at: this.#now().toISOString(), running: false, ...found };
      this.#changed();
    });
    return this.#doctor;
  }

  async #readCertificates(): Promise<CertificatesAnswer> {
    const at = this.#now().toISOString();
    const rows = jsonIn(await printedBy(this.#starter, ["cat", "certs", "--json"], CERTS_MS));
    return { at, certificates: Array.isArray(rows) ? rows : [] };
  }

  async #examined(): Promise<Pick<DoctorAnswer, "findings" | "problem">> {
    try {
      const printed = await printedBy(this.#starter, ["doctor", "--json"], DOCTOR_MS);
      if (!DOCTOR_CODES.includes(printed.code)) throw failureOf(printed);
      const findings = jsonIn(printed, DOCTOR_CODES);
      return { findings: Array.isArray(findings) ? findings : [], problem: null };
    } catch (cause) {
      return { findings: [], problem: cause instanceof Error ? cause.message : String(cause) };
    }
  }
}
