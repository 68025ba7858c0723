// The server SDK of OpenFeature with its OFREP provider. Each line of standard
// input is a question, {"type", "flag", "default", "person"}; each line of
// standard output is the answer as the SDK gives it.
import { createInterface } from 'node:readline';
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';

const [baseUrl, key] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [['Authorization', 'Bearer ' + key]] }));
const client = OpenFeature.getClient();
for await (const line of createInterface({ input: process.stdin })) {
  const { type, flag, default: byDefault, person } = JSON.parse(line);
  const context = person === undefined ? {} : { targetingKey: person, tier: 3, tags: ['a', { b: null }] };
  console.log(JSON.stringify(await client[`get${type}Details`](flag, byDefault, context)));
}
