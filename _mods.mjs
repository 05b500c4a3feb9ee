import { Session } from "node:inspector";
const s=new Session();s.connect();const by={};
s.on("Debugger.scriptParsed",({params})=>{ if(!params.url.startsWith("file:"))return; const m=params.url.match(/node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules\/)/); const k=m?m[1]:params.url.replace(/.*\/dist\/([^/]+).*/,"dist/$1"); by[k]=(by[k]??0)+1;});
s.post("Debugger.enable");
await import(process.argv[2]);
console.log(Object.entries(by).sort((a,b)=>b[1]-a[1]).map(e=>e.join(" ")).join("\n"));
