// Clients of the TypeScript SDK 2.x in both eras, over HTTP, a bridge, and WebSocket by a transport of its own.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { obey, shown, version } from '../lines.mjs';

// The token is among the subprotocols, as in a browser, which can send no header either.
class WebSocketTransport {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  start() {
    this.socket = new WebSocket(this.url, ['mcp', `bearer.${this.token}`]);
    this.socket.onclose = () => this.onclose?.();
    this.socket.onmessage = ({ data }) => this.onmessage?.(JSON.parse(data));
    return new Promise((opened, refused) => {
      this.socket.onopen = opened;
      this.socket.onerror = ({ message }) => {
        refused(new Error(message));
        this.onerror?.(new Error(message));
      };
    });
  }

  async send(message) {
    this.socket.send(JSON.stringify(message));
  }

  async close() {
    this.socket.close();
  }
}

function transport({ way, url, bare, token, headers, command, environment }) {
  if (way === 'ws') return new WebSocketTransport(bare, token);
  if (way === 'http') return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  return new StdioClientTransport({ command: command[0], args: command.slice(1), env: environment });
}

await obey(async (order, changed) => {
  const mode = order.era === 'modern' ? 'auto' : 'legacy';
  const client = new Client({ name: 'day', version: '1' }, { versionNegotiation: { mode } });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => changed(params.uri));
  const wire = transport(order);
  await client.connect(wire);
  const { tools } = await client.listTools();
  return {
    met: {
      client: `@modelcontextprotocol/client ${version(import.meta.resolve('./'), '@modelcontextprotocol/client')}`,
      protocol: client.getNegotiatedProtocolVersion(),
      server: client.getServerVersion().name,
      tools: tools.map((tool) => tool.name),
    },
    call: async (name, given) => shown(await client.callTool({ name, arguments: given })),
    watch: (uri) => (order.era === 'modern' ? client.listen({ resourceSubscriptions: [uri] }) : client.subscribeResource({ uri })),
    close: async () => {
      if (order.era === 'legacy') await wire.terminateSession?.();
      await client.close();
    },
  };
});
