import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchema, type SchemaName } from "@maand/core";
import { Ajv, type ValidateFunction } from "ajv";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { defaults } from "../packages/cli/src/defaults.ts";
import { allPages, blocksOf, ROOT } from "./docs/pages.ts";
