// What the Node programs here share: they connect clients and have them do what they are told, line by line (see driven.py).
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

// The version of a package in the folder of the program.
export function version(folder, name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, folder))).version;
}

// What a client has to tell of a tool's answer.
export function shown(result) {
  return { isError: Boolean(result.isError), text: result.content[0].text, structuredContent: result.structuredContent ?? null };
}

// Obey until the input ends. `connect(order, changed)` gives a client: {met, call(tool, arguments), watch(uri), close()}.
export async function obey(connect) {
  const clients = {};

  async function done(order) {
    if (order.do === 'connect') {
      clients[order.as] = await connect(order, (uri) => say({ as: order.as, changed: uri }));
      return clients[order.as].met;
    }
    if (order.do === 'call') return clients[order.as].call(order.tool, order.arguments);
    await clients[order.as].watch(order.uri);
    return {};
  }

  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    done(order).then(
      (result) => say({ id: order.id, result }),
      // What is no answer of the server's is a fault of this program, or of what it tries.
      (error) => {
        if (typeof error.code !== 'number') console.error(`Traceback: ${error.stack}`);
        say({ id: order.id, error: { code: error.code ?? 0, message: String(error) } });
      },
    );
  }
  await Promise.all(Object.values(clients).map((client) => client.close()));
}
