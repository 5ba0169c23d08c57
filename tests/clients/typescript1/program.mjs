// Clients of the TypeScript SDK 1.x, over WebSocket, HTTP and a bridge.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import WebSocket from 'ws';
import { obey, shown, version } from '../lines.mjs';

// Node's own sends the name and token of an address in its newer releases only.
globalThis.WebSocket = WebSocket;

function transport({ way, url, headers, command, environment }) {
  if (way === 'ws') return new WebSocketClientTransport(new URL(url));
  if (way === 'http') return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  return new StdioClientTransport({ command: command[0], args: command.slice(1), env: environment });
}

await obey(async (order, changed) => {
  const client = new Client({ name: 'day', version: '1' }, { capabilities: {} });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => changed(params.uri));
  const wire = transport(order);
  // The SDK tells the wire what was agreed, and nobody else.
  let protocol;
  const told = wire.setProtocolVersion?.bind(wire);
  wire.setProtocolVersion = (agreed) => {
    protocol = agreed;
    told?.(agreed);
  };
  await client.connect(wire);
  const { tools } = await client.listTools();
  return {
    met: {
      client: `@modelcontextprotocol/sdk ${version(import.meta.resolve('./'), '@modelcontextprotocol/sdk')}`,
      protocol,
      server: client.getServerVersion().name,
      tools: tools.map((tool) => tool.name),
    },
    call: async (name, given) => shown(await client.callTool({ name, arguments: given })),
    watch: (uri) => client.subscribeResource({ uri }),
    close: async () => {
      await wire.terminateSession?.();
      await client.close();
    },
  };
});
