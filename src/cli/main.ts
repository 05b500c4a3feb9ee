#!/usr/bin/env node
import { isShared, runShared } from "./shared.js";

const argv = process.argv.slice(2);
process.exitCode = await (isShared(argv) ? runShared(argv) : (await import("./program.js")).run(argv));
