import { keepsItsPromises } from "../../../support/transports/keeps-its-promises.ts";

keepsItsPromises("docker-exec");
