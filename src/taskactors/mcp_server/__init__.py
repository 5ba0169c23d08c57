"""The MCP surface: the only package that knows MCP's types."""
