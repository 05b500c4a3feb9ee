import { Command } from "commander";
import { connectionMachine, edges, mermaid } from "../../internal.js";
import { print, printJson } from "../terminal/print.js";

export const chartCommand = new Command("chart")
  .option("--json", "the states, the edges between them, and XState's own config, as JSON")
  .action(({ json }: { json?: boolean }) => {
    if (!json) return print(mermaid());
    const arrows = [...edges].map((edge) => edge.split(" -> ")).map(([from, to]) => ({ from, to }));
    const states = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))].sort();
    printJson({ id: connectionMachine.id, states, edges: arrows, config: connectionMachine.config });
  });
