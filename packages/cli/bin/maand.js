#!/usr/bin/env node
// A program that ends because nothing was left to wait for has not done what it was asked: red until main says otherwise.
process.exitCode = 1;
await import("../dist/main.js");
