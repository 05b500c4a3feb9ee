// The public types of each entry, as reports in api/: `npm run api` writes them anew from dist/, and `--check` fails where
// they differ. A type that a user can reach and cannot name is an error: export it, or hide what leads to it. So is a
// declaration that imports what does not compile in a strict program.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { checkDeclarations } from "./lint/declarations.mjs";
import { parse } from "./lint/modules.mjs";

const ENTRIES = {
  holdfast: "dist/index.d.ts",
  "holdfast-ai-sdk": "dist/adapters/ai-sdk.d.ts",
  "holdfast-claude-agent": "dist/adapters/claude-agent.d.ts",
  "holdfast-langchain": "dist/adapters/langchain.d.ts",
  "holdfast-openai-agents": "dist/adapters/openai-agents.d.ts",
  "holdfast-inspect": "dist/inspect/index.d.ts",
  "holdfast-metrics": "dist/metrics/index.d.ts",
  "holdfast-otel": "dist/otel/index.d.ts",
  "holdfast-serve": "dist/serve/index.d.ts",
  "holdfast-testing": "dist/testing/index.d.ts",
};

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, root: { type: "string" } },
});
const root = resolve(values.root ?? fileURLToPath(new URL("../", import.meta.url)));
const temporary = mkdtempSync(join(tmpdir(), "holdfast-api-"));
for (const entry of Object.values(ENTRIES)) {
  if (!existsSync(join(root, entry))) throw new Error(`${entry} is not there; build first: npm run build`);
}

/** What any entry exports has a name. */
const named = new Set(
  Object.values(ENTRIES).flatMap((entry) =>
    parse(root, entry).module.staticExports.flatMap(({ entries }) =>
      entries.map(({ exportName }) => exportName.name),
    ),
  ),
);

const settings = (name, entry) =>
  ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, "package.json"),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, entry),
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2023",
            module: "nodenext",
            lib: ["es2023", "esnext.disposable", "dom.asynciterable"],
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          files: [join(root, entry)],
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: join(root, "api"),
        reportTempFolder: temporary,
        reportFileName: name,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: {
          default: { logLevel: "none" },
          "ae-forgotten-export": { logLevel: "error" },
        },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
  });

/** The problems of one entry: a sentence each. */
function report(name, entry) {
  const problems = [];
  const { apiReportChanged } = Extractor.invoke(settings(name, entry), {
    localBuild: !values.check,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== "error") return;
      const forgotten = message.messageId === "ae-forgotten-export" && /"([^"]+)"/.exec(message.text)?.[1];
      if (forgotten && named.has(forgotten)) return;
      const where = message.sourceFilePath ? `${message.sourceFilePath}:${message.sourceFileLine}: ` : "";
      problems.push(
        `${name}: ${where}${forgotten ? `${forgotten} can be reached, and no entry exports it` : message.text}`,
      );
    },
  });
  if (values.check && apiReportChanged) {
    problems.push(
      `${name}: the public types differ from api/${name}.api.md; look, and write them with npm run api`,
    );
  }
  return problems;
}

mkdirSync(join(root, "api"), { recursive: true });
const declarations = checkDeclarations(root, Object.values(ENTRIES));
const problems = [
  ...declarations.problems,
  ...Object.entries(ENTRIES).flatMap(([name, entry]) => report(name, entry)),
];
rmSync(temporary, { recursive: true, force: true });
for (const problem of problems) console.error(problem);
console.log(`public types: ${declarations.files.length} declarations read, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
