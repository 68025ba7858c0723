// Reads receipts, one a line in base64, and answers for each whether verify.mjs
// takes it: "proved", or what it says.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseKeys, verifyReceipt } from "../verify.mjs";

const keys = parseKeys(readFileSync(process.argv[2], "utf8"));
const out = [];
for await (const line of createInterface({ input: process.stdin })) {
  try {
    verifyReceipt(Buffer.from(line, "base64"), keys);
    out.push("proved");
  } catch (e) {
    out.push(e.message.replace(/\s+/g, " "));
  }
}
process.stdout.write(out.join("\n") + "\n");
