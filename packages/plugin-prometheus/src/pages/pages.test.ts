import { describe, expect, it } from "vitest";
import { dashboardIndex, labelOf, listedNames } from "./dashboards.ts";
import { localLinks, markdownToHtml } from "./markdown.ts";
import { page } from "./page.ts";
import { runbookIndex, runbookPage, runbookUrl } from "./runbooks.ts";

describe("the HTML of a runbook", () => {
  it("supports GitHub's Markdown", () => {
    const text = "# Slow\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n- [x] done\n\n```sh\nmake <x>\n```\n";
    const html = markdownToHtml(text);
    expect(html).toContain('<h1 id="slow">Slow</h1>');
    expect(html).toContain("<td>1</td>\n<td><del>2</del></td>");
    expect(html).toMatch(/<input checked="" disabled="" type="checkbox">\s*done/);
    expect(html).toContain('<pre><code class="language-sh">make &lt;x&gt;\n</code></pre>');
  });

  it("omits HTML in the Markdown, and links with unsafe schemes", () => {
    const text =
      "<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b [c](javascript:alert(1)) [d](data:text/html,x) ![e](vbscript:x)\n";
    const html = markdownToHtml(text);
    expect(html).not.toMatch(/script|onerror|data:|<img/);
    expect(html).toContain("b c d e");
  });

  it("links to the pages of other runbooks, and has anchors like GitHub", () => {
    const html = markdownToHtml("## A `b`: c\n\n## A `b`: c\n\n[x](other.md#a-b-c) [y](https://a.example/x.md)\n");
    expect(html).toContain('<h2 id="a-b-c">');
    expect(html).toContain('<h2 id="a-b-c-1">');
    expect(html).toContain('href="other.html#a-b-c"');
    expect(html).toContain('href="https://a.example/x.md"');
  });

  it("may link to local files; each such link is found with its line number", () => {
    const text = "# A\n\n[x](a.md)\n\n> ![y](b.png)\n\n[z](https://c.example) [w](#a)\n";
    expect(localLinks(text)).toEqual([
      { href: "a.md", line: 3 },
      { href: "b.png", line: 5 },
    ]);
  });
});

describe("a page", () => {
  it("loads no other file, runs no script, and supports light and dark mode", () => {
    const html = page({ title: "a", navigation: "", content: "" });
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<script|<link (?!rel="icon" href="data:,")|@import|url\(/);
    expect(html).toContain("color-scheme:light dark");
    expect(html).toContain("@media(prefers-color-scheme:dark)");
  });

  it("is not treated as a Go template", () => {
    const html = runbookPage({ job: "api", name: "a", text: "say `{{ .Value }}` and {{{x}}}\n" });
    expect(html).toContain('<code>{{"{{"}} .Value }}</code> and {{"{{"}}{x}}}');
  });

  it("of a runbook shows its job and name, and links to the list", () => {
    const html = runbookPage({ job: "api", name: "deep/a b", text: "# A\n" });
    expect(html).toContain("<title>api / deep/a b</title>");
    expect(html).toContain('<a href="../../index.html">Runbooks</a> / api / deep/a b');
    expect(runbookUrl("https://127.0.0.81:9090", "api", "deep/a b")).toBe(
      "https://127.0.0.81:9090/consoles/runbooks/api/deep/a%20b.html",
    );
  });

  it("with the list of runbooks is sorted by job and name", () => {
    const names = (list: string[]) =>
      list.map((text) => text.split("/")).map(([job = "", name = ""]) => ({ job, name }));
    const html = runbookIndex(names(["b/x", "a/z", "a/y"]));
    expect([...html.matchAll(/<h2>(.*?)<\/h2>|<a href="(.*?)">/g)].map(([, job, href]) => job ?? href)).toEqual([
      ...["a", "a/y.html", "a/z.html"],
      ...["b", "b/x.html"],
    ]);
  });
});

describe("dashboards", () => {
  it("are listed by title, with entities decoded once, or by file name if they have no title", () => {
    expect(labelOf("x/a.html", "<head><TITLE>A &amp;lt; B\n C &#x41;</TITLE>")).toBe("A &lt; B C A");
    expect(labelOf("x/a.html", "<body>")).toBe("a.html");
    expect(labelOf("x/a.json", "<title>no</title>")).toBe("a.json");
  });

  it("are not listed if they are hidden or ignored", () => {
    const names = ["a.html", ".b.html", "lib/c.html", "d/.e/f.html", "g.lib"];
    expect(listedNames(names, "# not these\n\nlib/\n*.lib\n")).toEqual(["a.html"]);
  });

  it("are listed per job", () => {
    const html = dashboardIndex([{ job: "api", name: "a b.html", label: "<A>" }]);
    expect(html).toContain('<h2>api</h2><ul><li><a href="api/a%20b.html">&#60;A&#62;</a></li></ul>');
  });
});
