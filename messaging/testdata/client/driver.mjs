// Drives any number of centrifuge-js clients for the Go tests. It reads one
// JSON command per line and writes one JSON line per reply and per event:
//
//   {"id":1,"op":"open","client":"ana","token":"…"}      {"id":1,"result":{…}}
//   {"id":2,"op":"rpc","client":"ana","method":"…",…}    {"id":2,"error":{"code":1403,"message":"…"}}
//                                                        {"client":"ana","event":"publication","channel":"…","data":{…}}
import { createInterface } from 'node:readline';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

const url = process.argv[2];
const clients = new Map();

const write = (line) => process.stdout.write(JSON.stringify(line) + '\n');

const ops = {
  open({ client, token }) {
    const c = new Centrifuge(url, { token, websocket: WebSocket, minReconnectDelay: 20, maxReconnectDelay: 100 });
    const entry = { c, lines: new Set(), connects: 0 };
    clients.set(client, entry);
    c.on('subscribed', (ctx) => { entry.lines.add(ctx.channel); write({ client, event: 'subscribed', channel: ctx.channel }); });
    c.on('unsubscribed', (ctx) => { entry.lines.delete(ctx.channel); write({ client, event: 'unsubscribed', channel: ctx.channel }); });
    c.on('publication', (ctx) => write({ client, event: 'publication', channel: ctx.channel, data: ctx.data }));
    return new Promise((resolve) => {
      c.on('connected', () => { entry.connects++; resolve({ state: 'connected' }); });
      c.on('disconnected', (ctx) => { write({ client, event: 'disconnected', code: ctx.code }); resolve({ state: 'disconnected', code: ctx.code }); });
      c.connect();
    });
  },
  async rpc({ client, method, params }) {
    return (await clients.get(client).c.rpc(method, params ?? {})).data;
  },
  state({ client }) {
    const { c, lines, connects } = clients.get(client);
    return { state: c.state, connects, lines: [...lines].sort() };
  },
  async subscribe({ client, channel }) {
    const sub = clients.get(client).c.newSubscription(channel);
    return new Promise((resolve, reject) => {
      sub.on('subscribed', () => resolve({}));
      sub.on('unsubscribed', (ctx) => reject({ code: ctx.code, message: ctx.reason }));
      sub.subscribe();
    });
  },
  close({ client }) {
    clients.get(client).c.disconnect();
    clients.delete(client);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  Promise.resolve().then(() => ops[command.op](command)).then(
    (result) => write({ id: command.id, result }),
    (error) => write({ id: command.id, error: { code: error.code ?? 0, message: error.message ?? String(error) } }),
  );
}
process.exit(0);
