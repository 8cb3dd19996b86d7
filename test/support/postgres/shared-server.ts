import { startServer } from "./test-store.ts";

/** Before the end-to-end tests whose buckets have their store in PostgreSQL: one server for all of them. */
export default startServer;
