#!/usr/bin/env node
import { run } from "./program.js";

/** `npm start` shows the demo; with arguments it shows the status of the user's own target. */
const args = process.argv.slice(2);
process.exitCode = await run(args.length === 0 ? ["demo"] : ["status", ...args]);
