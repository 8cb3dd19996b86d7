export { type MakeOptions, make } from "./make.ts";
