const names=process.argv.slice(2);
for(const n of names){const b=process.cpuUsage();const t=performance.now();await import(n);const u=process.cpuUsage(b);console.log(n,((u.user+u.system)/1000).toFixed(0),"ms cpu",(performance.now()-t).toFixed(0));}
