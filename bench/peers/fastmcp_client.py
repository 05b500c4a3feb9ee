"""FastMCP's Python client, with one session that stays open: what `loop.mjs` does, in Python."""

import asyncio
import json
import sys
import time

from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport

LIMIT = 15.0


async def main() -> None:
    target = json.loads(sys.argv[1])
    if target["kind"] == "ws":
        sys.exit("no WebSocket")
    if target["kind"] == "stdio":
        transport = StdioTransport(target["command"], target["args"])
    elif target["kind"] == "sse":
        transport = SSETransport(target["url"])
    else:
        transport = StreamableHttpTransport(target["url"])
    async with Client(transport) as client:
        call = lambda: client.call_tool("echo", {"message": "x"})
        await call()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        started, failed, good = time.monotonic(), 0, False
        while not good and time.monotonic() - started < LIMIT:
            try:
                await asyncio.wait_for(call(), 3)
                good = True
            except BaseException:
                failed += 1
                await asyncio.sleep(0.025)
        ms = (time.monotonic() - started) * 1000 if good else None
        print(json.dumps({"ms": ms, "failed": failed}), flush=True)
        import os

        os._exit(0)


asyncio.run(main())
