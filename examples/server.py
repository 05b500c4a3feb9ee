"""A server of FastMCP for Python: `python examples/server.py`, or `fastmcp run examples/server.py`."""

from fastmcp import FastMCP

mcp = FastMCP("example/python")


@mcp.tool(annotations={"readOnlyHint": True})
def echo(message: str) -> str:
    """Answers with the message."""
    return message


if __name__ == "__main__":
    mcp.run(show_banner=False)
