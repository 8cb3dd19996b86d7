import { parse } from "smol-toml";
import * as v from "valibot";
import { expect, it } from "vitest";
import type { Problem } from "../domain/checks/problem.ts";
import { defineSettings, setting } from "../domain/settings/plugin-settings.ts";
import { resolveSettings } from "../domain/settings/resolve-settings.ts";
import { DEFAULT_SETTINGS } from "../domain/settings/settings.ts";
import { settingsSchema } from "../domain/settings/settings-schema.ts";
import { confText, NEW_BUCKET } from "./conf-text.ts";

const SCHEMA = "./schema.json";
const declared = [
  defineSettings({
    entries: {
      slack_channel: setting(v.string(), 'Where it writes; default "#ops".', "#ops"),
      slack_tone: setting(v.picklist(["plain", "merry"]), "How it writes; default plain.", "plain"),
      "timeouts.slack": setting(v.number(), "Seconds it may take; default 9.", 9),
    },
  }),
];
const output = confText(SCHEMA, declared);
const settled = (text: string) => {
  const problems: Problem[] = [];
  const settings = resolveSettings(parse(text), "maand.conf", { loaded: declared, absent: new Map() }, (problem) =>
    problems.push(problem),
  );
  return { settings, problems };
};

it("the generated maand.conf contains only comments", () => {
  expect(parse(output)).toEqual({});
});

it("the generated maand.conf lists every key with its default", () => {
  const uncommented = output.replace(/^# (?=[a-z_.]+ = )/gm, "");
  expect(Object.keys(parse(uncommented))).toEqual(Object.keys(settingsSchema(declared).entries));
  const plugins = { slack_channel: "#ops", slack_tone: "plain", "timeouts.slack": 9 };
  const asWithout = { ...DEFAULT_SETTINGS, plugins, secretFilesMode: 0o644 }; // the file now sets the default mode
  expect(settled(uncommented)).toEqual({ settings: asWithout, problems: [] });
});

it("the generated maand.conf sets only the given keys", () => {
  const set = confText(SCHEMA, declared, NEW_BUCKET);
  expect(parse(set)).toEqual({ secret_files_mode: "0600" });
  expect(settled(set)).toEqual({ settings: { ...DEFAULT_SETTINGS, secretFilesMode: 0o600 }, problems: [] });
});

it("each line of the generated maand.conf, even in a table, can be uncommented on its own", () => {
  const { settings } = settled(output.replace("# timeouts.command = 300", "timeouts.command = 20"));
  expect(settings?.timeouts).toEqual({ ...DEFAULT_SETTINGS.timeouts, commandMs: 20_000 });
});

it("the generated maand.conf documents each key and its accepted values", () => {
  expect(output).toContain('# Where it writes; default "#ops".\n# slack_channel = "#ops"\n');
  expect(output).toContain("One of plain, merry.\n");
});

it("the first line of the generated maand.conf names the schema for editors", () => {
  expect(output.split("\n")[0]).toBe(`#:schema ${SCHEMA}`);
});
