import * as c from "@modelcontextprotocol/client"; import * as s from "@modelcontextprotocol/server";
for (const k of Object.keys(s)) if (k in c) console.log(k, c[k]===s[k]);
