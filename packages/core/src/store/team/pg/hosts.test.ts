import { expect, it } from "vitest";
import { readPlace } from "../place.ts";
import { serversOf } from "./hosts.ts";

it.each([
  ["postgres://ann@a/db", ["postgres://ann@a/db"], "any"],
  ["postgres://ann@a:5433/db?sslmode=require", ["postgres://ann@a:5433/db?sslmode=require"], "any"],
  ["postgres://ann@a,b/db", ["postgres://ann@a/db", "postgres://ann@b/db"], "read-write"],
  ["postgres://ann@a:1,[::1]:2/db", ["postgres://ann@a:1/db", "postgres://ann@[::1]:2/db"], "read-write"],
  [
    "postgres://ann@a,b/db?sslmode=require&target_session_attrs=primary",
    ["postgres://ann@a/db?sslmode=require", "postgres://ann@b/db?sslmode=require"],
    "primary",
  ],
  ["postgres://a,b/db?target_session_attrs=any", ["postgres://a/db", "postgres://b/db"], "any"],
  ["postgres://a/db?target_session_attrs=read-write", ["postgres://a/db"], "read-write"],
  [
    "postgres://ann@x/db?host=a,b&port=1,2",
    ["postgres://ann@x/db?host=a&port=1", "postgres://ann@x/db?host=b&port=2"],
    "read-write",
  ],
  [
    "postgres://ann@x/db?host=a,b&port=1",
    ["postgres://ann@x/db?host=a&port=1", "postgres://ann@x/db?host=b&port=1"],
    "read-write",
  ],
])("the URL %s names the servers that libpq would use", (text, urls, attributes) => {
  expect(serversOf(text)).toEqual({ urls, attributes });
});

it.each(["nonsense", "postgres://a,b:port/db", "postgres://x/db?host=a,b,c&port=1,2"])(
  "the string %s is refused as a URL",
  (text) => {
    expect(serversOf(text)).toBeUndefined();
    expect(() => readPlace(text, "maand.conf")).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  },
);

it("the place of a store contains the list of hosts, but not the password", () => {
  expect(readPlace("postgres://ann:p%40ss@a:1,b/db?target_session_attrs=read-write", "maand.conf")).toEqual({
    url: "postgres://ann@a:1,b/db?target_session_attrs=read-write",
    password: "p@ss",
  });
});

it("a URL that accepts standby servers is refused", () => {
  expect(() => readPlace("postgres://a,b/db?target_session_attrs=standby", "maand.conf")).toThrow(
    /target_session_attrs "standby" is not one of any, read-write, primary/,
  );
});
