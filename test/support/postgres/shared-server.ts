import { startServer } from "./test-store.ts";

/** Starts one server before all end-to-end tests whose buckets have their store in PostgreSQL. */
export default startServer;
