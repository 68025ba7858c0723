// Drives any number of XMPP clients for the Go tests. It reads one JSON command
// per line and writes one JSON line per reply and per stanza that arrives:
//
//   {"id":1,"op":"open","client":"ana","user":"ana","service":"xmpp://…"}   {"id":1,"result":"online"}
//   {"id":2,"op":"send","client":"ana","stanza":["message",{"to":"…"},["body",{},"hi"]]}
//                                                                          {"client":"ben","stanza":"<message …"}
import { createInterface } from 'node:readline';
import { client, xml } from '@xmpp/client';

const clients = new Map();
const write = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const element = ([name, attrs, ...children]) => xml(name, attrs ?? {}, ...children.map((c) => (Array.isArray(c) ? element(c) : c)));

const ops = {
  async open({ client: name, user, service, quiet }) {
    const xmpp = client({ service, domain: 'localhost', username: user, password: 'secret', resource: name, timeout: 20_000 });
    xmpp.reconnect.stop();
    xmpp.on('error', () => {}); // the promise of start has it
    xmpp.on('stanza', (stanza) => write({ client: name, stanza: stanza.toString() }));
    xmpp.on('offline', () => write({ client: name, stanza: '<offline/>' }));
    clients.set(name, xmpp);
    await xmpp.start();
    if (!quiet) await xmpp.send(xml('presence'));
    return 'online';
  },
  async send({ client: name, stanza }) {
    await clients.get(name).send(element(stanza));
    return 'sent';
  },
  async close({ client: name }) {
    await clients.get(name).stop();
    return 'closed';
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  Promise.resolve().then(() => ops[command.op](command)).then(
    (result) => write({ id: command.id, result }),
    (error) => write({ id: command.id, error: String(error) }),
  );
}
process.exit(0);
