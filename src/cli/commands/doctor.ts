import { Command } from "commander";
import { configSecretsOf } from "../../internal.js";
import { Refused } from "../terminal/exit.js";
import { print, printJson, say } from "../terminal/print.js";
import { configured } from "./configured.js";
import { connectFindings } from "./connect-findings.js";
import { doubleFindings } from "./double-findings.js";
import { entryFindings } from "./entry-findings.js";
import type { Finding } from "./finding.js";
import { orphanFindings, processesHere } from "./process-findings.js";
import { signInFindings } from "./sign-in-findings.js";

export const doctorCommand = new Command("doctor")
  .option("--connect", "also reach each server that is the user's own")
  .option("--json", "the findings as JSON")
  .addHelpText(
    "after",
    "\nStarts nothing, unless with --connect. Exit code 0: nothing is broken; 1: something is.",
  )
  .action(async ({ connect, json }: { connect?: boolean; json?: boolean }) => {
    const { servers, files, findings } = configured();
    const processes = processesHere();
    const inEntries = servers.map((server) => ({ server, found: entryFindings(server) }));
    const well = inEntries.filter(({ found }) => found.length === 0).map(({ server }) => server);
    const all = [
      ...findings,
      ...inEntries.flatMap(({ found }) => found),
      ...(connect ? await connectFindings(well) : await signInFindings(well)),
      ...doubleFindings(servers, processes),
      ...orphanFindings(processes),
    ];
    const secrets = configSecretsOf(servers.map(({ entry }) => entry));
    const shown = all.map((finding) => ({ ...finding, what: secrets.redact(finding.what) }));
    if (json) printJson(shown);
    else for (const finding of shown) print(lineOf(finding));
    if (shown.length > 0) throw new Refused("something is broken");
    if (!json) say(`nothing is broken: ${counted(servers.length, "server")} in ${counted(files, "file")}`);
  });

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

const lineOf = ({ file, server, what, next }: Finding): string =>
  `${[file, server, what].filter(Boolean).join(": ")}; ${next}`.replace(/\s*\n\s*/g, " ");
