import { meetsItsGuarantees } from "../../../support/transports/meets-its-guarantees.ts";

meetsItsGuarantees("docker-exec");
