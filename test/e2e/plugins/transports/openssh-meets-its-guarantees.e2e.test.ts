import { meetsItsGuarantees } from "../../../support/transports/meets-its-guarantees.ts";

meetsItsGuarantees("openssh");
