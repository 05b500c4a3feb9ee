// The inspector's page goes beside what the compiler made of its server.
import { cpSync } from "node:fs";

cpSync(new URL("../src/inspect/page", import.meta.url), new URL("../dist/inspect/page", import.meta.url), {
  recursive: true,
});
