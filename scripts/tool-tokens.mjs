// How many tokens the tools of a config cost an agent, listed and searched: 500 tools over 10 servers, made of those of
// published servers. After a build: `npx -y -p gpt-tokenizer node scripts/tool-tokens.mjs`
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { presentedAs } from "../dist/composite/searched.js";

const read = (file) => JSON.parse(readFileSync(new URL(`../test/fixtures/${file}`, import.meta.url), "utf8"));
// npx puts what it fetched in front of PATH, and nowhere where an import looks.
const fetched = createRequire(join(process.env.PATH.split(delimiter)[0], "../script.js"));
const { encode } = fetched("gpt-tokenizer/encoding/o200k_base");
const tokens = (value) => encode(JSON.stringify(value)).length;

const published = Object.values(read("published-tools.json")).flatMap(({ tools }) => tools);
const servers = Array.from({ length: 10 }, (_, i) => `server${i}`);
const tools = Array.from({ length: 500 }, (_, i) => {
  const { name, ...rest } = published[i % published.length];
  return { name: `${servers[i % 10]}_${name}_${i}`, ...rest };
});
const presented = presentedAs(
  "search",
  { tools: async () => tools },
  () => [],
  () => servers,
);
const { tools: two } = await presented.list("tools/list");
const questions = Object.values(read("tool-questions.json")).flat();
let found = 0;
for (const { ask } of questions) {
  const { content } = await presented.own("tools/call", { name: "find_tools", arguments: { query: ask } });
  found += encode(content[0].text).length;
}
console.log(
  `listed: ${tokens(tools)} tokens; searched: ${tokens(two)}, and ${Math.round(found / questions.length)} for an answer`,
);
