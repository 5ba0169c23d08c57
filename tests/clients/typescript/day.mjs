// A full day of work through the TypeScript SDK 1.x. Usage: node day.mjs URL
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js';
import WebSocket from 'ws';

globalThis.WebSocket ??= WebSocket;
const client = new Client({ name: 'day', version: '1' }, { capabilities: {} });
await client.connect(new WebSocketClientTransport(new URL(process.argv[2])));

async function ok(name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(!result.isError, result.content[0]?.text);
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

const NEEDED = `
  create_task update_task assign_task set_task_state get_task_by_id get_task_by_code
  list_tasks archive_task health_check discover_work claim_task release_task
  start_work_session end_work_session create_task_message get_task_messages register_agent get_setup_instructions
  get_agentic_workflow_description get_instructions_for_main_ai_file create_main_ai_file get_workspace_manifest send_message read_inbox
`.trim().split(/\s+/);

async function refused(name, args) {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(result.isError, JSON.stringify(result));
  return result.content[0].text;
}

assert.equal(client.getServerVersion().name, 'taskactors');
const listed = new Set((await client.listTools()).tools.map((tool) => tool.name));
for (const name of NEEDED) assert.ok(listed.has(name), name);
assert.equal((await ok('health_check')).status, 'healthy');
assert.match((await ok('get_setup_instructions', { ai_tool_type: 'claude-code' })).instructions, /register_agent/);
assert.equal((await ok('get_agentic_workflow_description', { requested_agent_count: 2 })).recommended_agent_count, 2);
await ok('register_agent', { agent_name: 'backend-1', agent_type: 'backend', capabilities: ['python'] });
await ok('register_agent', { agent_name: 'qa-1', agent_type: 'qa', capabilities: ['review'] });
assert.ok((await ok('get_workspace_manifest')).agents.some((agent) => agent.name === 'qa-1'));

const arch = await ok('create_task', { code: 'ARCH-01', name: 'Schéma', description: 'Návrh 数据库', owner_agent_name: 'backend-1' });
assert.equal((await ok('create_task', { code: 'SEC', name: 'Tokens', description: 'd' })).code, 'SEC-001');
assert.match(await refused('create_task', { code: 'ARCH-01', name: 'again', description: 'd' }), /duplicate_code/);
assert.match(await refused('create_task', { code: 'ARCH-02', nam: 'x' }), /invalid_arguments/);
assert.equal((await ok('get_task_by_id', { id: arch.id })).code, 'ARCH-01');
assert.equal((await ok('get_task_by_code', { code: 'ARCH-01' })).description, 'Návrh 数据库');
for (const spelling of ['owner', 'owner_agent_name']) {
  assert.deepEqual((await ok('list_tasks', { [spelling]: 'backend-1' })).items.map((task) => task.code), ['ARCH-01']);
}
const found = await ok('discover_work', { agent_name: 'backend-1', capabilities: ['python'], max_tasks: 10 });
assert.deepEqual(found.items.map((task) => task.code).sort(), ['ARCH-01', 'SEC-001']);
assert.equal((await ok('claim_task', { task_id: arch.id, agent_name: 'backend-1' })).claim.fence, 1);
assert.match(await refused('claim_task', { task_id: arch.id, agent_name: 'qa-1' }), /not_claimable/);
const session = await ok('start_work_session', { task_id: arch.id, agent_name: 'backend-1' });
const question = await ok('create_task_message', {
  task_code: 'ARCH-01', author_agent_name: 'backend-1', target_agent_name: 'qa-1', message_type: 'question', content: 'Číselný klíč? 🔑',
});
await ok('create_task_message', {
  task_code: 'ARCH-01', author_agent_name: 'qa-1', target_agent_name: 'backend-1', message_type: 'solution', content: 'Ano ✓',
  reply_to_message_id: question.id,
});
const replies = await ok('get_task_messages', { task_code: 'ARCH-01', reply_to_message_id: question.id });
assert.deepEqual(replies.items.map((reply) => reply.content), ['Ano ✓']);
assert.equal((await ok('update_task', { id: arch.id, description: 'Nový popis ✓' })).description, 'Nový popis ✓');
await ok('end_work_session', { session_id: session.session_id, notes: 'hotovo', productivity_score: 0.9 });
assert.equal((await ok('set_task_state', { id: arch.id, state: 'Review' })).state, 'Review');
const done = await ok('set_task_state', { id: arch.id, state: 'Done' });
assert.equal((await ok('archive_task', { id: arch.id, confirm: true })).done_at, done.done_at);
const other = await ok('claim_task', { code: 'SEC-001', agent_name: 'qa-1' });
assert.equal((await ok('release_task', { task_id: other.id, agent_name: 'qa-1' })).owner_agent_name, null);
const inbox = await ok('read_inbox', { agent: 'qa-1' });
assert.deepEqual(inbox.items.map((message) => message.content), ['Číselný klíč? 🔑']);
assert.deepEqual((await ok('read_inbox', { agent: 'qa-1', cursor: inbox.next_cursor })).items, []);
await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), (error) => error.code === -32602);
await client.close();
console.log('the day is done');
