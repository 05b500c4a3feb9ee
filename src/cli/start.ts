#!/usr/bin/env node
import { run } from "./program.js";

/** `npm start` shows the demo. With `--inspect` it shows its page, too; with a target, the status of that server. */
const args = process.argv.slice(2);
const isDemo = args.length === 0 || (args.length === 1 && args[0] === "--inspect");
process.exitCode = await run([isDemo ? "demo" : "status", ...args]);
