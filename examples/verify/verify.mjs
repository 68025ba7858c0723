// Checks receipts of Assent offline. Written from docs/evidence.md alone, as a
// second opinion: it shares no code with Assent and needs nothing but Node 18.
//
//   node verify.mjs --key KEYS receipt.json...
//
// KEYS is a public key of the log, or a file that holds one a line; take it from
// somewhere else than the receipt. Exit codes: 0 all are proved, 3 one is not,
// 2 wrong arguments.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const LARGEST_RECEIPT = 524288; // bytes, section 6
const LARGEST_RECORD = 65535; // bytes, section 1
const LARGEST_CHECKPOINT = 16384; // bytes, section 5
const MOST_SIGNATURES = 100; // section 5
const LARGEST_LOG = 2n ** 53n - 1n; // records, section 3

const sha256 = (...parts) => {
  const h = createHash("sha256");
  for (const part of parts) h.update(part);
  return h.digest();
};

class Refused extends Error {}
const refuse = (why) => { throw new Refused(why); };

// ---- JSON, section 7 step 1: one value, no name twice, integers only ----

function parseJSON(text) {
  let at = 0;
  const space = () => { while (at < text.length && " \t\n\r".includes(text[at])) at++; };
  const expect = (s) => { if (!text.startsWith(s, at)) refuse(`form: ${JSON.stringify(s)} is missing at ${at}`); at += s.length; };

  function string() {
    expect('"');
    let out = "";
    for (;;) {
      if (at >= text.length) refuse("form: a text does not end");
      const c = text[at++];
      if (c === '"') break;
      if (c < " ") refuse("form: a control character in a text");
      if (c !== "\\") { out += c; continue; }
      const e = text[at++];
      const simple = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[e];
      if (simple !== undefined) { out += simple; continue; }
      const hex = text.slice(at, at + 4);
      if (e !== "u" || !/^[0-9a-fA-F]{4}$/.test(hex)) refuse("form: an unknown escape");
      out += String.fromCharCode(parseInt(hex, 16));
      at += 4;
    }
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(out)) refuse("form: half a surrogate pair");
    return out;
  }

  function value(depth) {
    if (depth > 8) refuse("form: too deep");
    space();
    const c = text[at];
    if (c === '"') return string();
    if (c === "{") return object(depth);
    if (c === "[") return list(depth);
    const number = /^-?(0|[1-9][0-9]*)(?![0-9.eE])/.exec(text.slice(at, at + 32));
    if (!number) refuse(`form: neither text, integer, list nor object at ${at}`);
    at += number[0].length;
    return BigInt(number[0]);
  }

  function object(depth) {
    const out = new Map();
    expect("{");
    space();
    if (text[at] === "}") { at++; return out; }
    for (;;) {
      space();
      const name = string();
      if (out.has(name)) refuse(`form: the name ${name} is there twice`);
      space();
      expect(":");
      out.set(name, value(depth + 1));
      space();
      if (text[at] === "}") { at++; return out; }
      expect(",");
    }
  }

  function list(depth) {
    const out = [];
    expect("[");
    space();
    if (text[at] === "]") { at++; return out; }
    for (;;) {
      out.push(value(depth + 1));
      space();
      if (text[at] === "]") { at++; return out; }
      expect(",");
    }
  }

  const out = value(0);
  space();
  if (at !== text.length) refuse("form: something follows the object");
  return out;
}

// RFC 8785, for what parseJSON returns.
function canonical(v) {
  if (typeof v === "bigint") return v.toString();
  if (typeof v === "string") return JSON.stringify(v);
  if (Array.isArray(v)) return "[" + v.map(canonical).join(",") + "]";
  return "{" + [...v.keys()].sort().map((k) => JSON.stringify(k) + ":" + canonical(v.get(k))).join(",") + "}";
}

// ---- the shape of things ----

function only(v, what, required, optional = []) {
  if (!(v instanceof Map)) refuse(`${what}: is no object`);
  for (const name of required) if (!v.has(name)) refuse(`${what}: ${name} is missing`);
  for (const name of v.keys()) if (!required.includes(name) && !optional.includes(name)) refuse(`${what}: ${name} is unknown`);
}

const text = (v) => typeof v === "string" && v !== "";
const digest = (v) => typeof v === "string" && /^[0-9a-f]{64}$/.test(v);
const oneOf = (...all) => (v) => all.includes(v);

function time(v) {
  const m = typeof v === "string" && /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{6}Z$/.exec(v);
  if (!m || v === "0001-01-01T00:00:00.000000Z") return false;
  const [year, month, day, hour, minute, second] = m.slice(1).map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days && hour <= 23 && minute <= 59 && second <= 59;
}

function decode64(s, what) {
  if (typeof s !== "string" || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(s)) refuse(`${what}: is not base64`);
  return Buffer.from(s, "base64");
}

function strict64(s, what, length) {
  const raw = decode64(s, what);
  if (raw.toString("base64") !== s || (length !== undefined && raw.length !== length)) refuse(`${what}: is not base64 of ${length} bytes`);
  return raw;
}

// ---- section 1 ----

function checkRecord(r) {
  only(r, "record",
    ["action", "actor", "campaign", "details", "documents", "format", "kind", "method", "person", "plan", "receipt_id", "received_at", "stage"],
    ["button_label", "effect", "presented_at", "region", "responded_at", "sentence", "snapshot_sha256"]);
  if (r.get("kind") !== "response" || r.get("format") !== 1n) refuse("record: is not a response of format 1");
  const rules = {
    action: oneOf("accepted", "declined", "withdrawn"), actor: text, button_label: text, campaign: text, details: digest,
    effect: oneOf("full", "void"), method: oneOf("page", "signed_link", "api", "import", "on_behalf"), person: digest,
    plan: (v) => typeof v === "bigint" && v >= 1n && v <= LARGEST_LOG, presented_at: time, receipt_id: text, received_at: time,
    region: text, responded_at: time, sentence: text, snapshot_sha256: digest, stage: text,
  };
  for (const [name, rule] of Object.entries(rules)) if (r.has(name) && !rule(r.get(name))) refuse(`record: ${name} is malformed`);
  if (r.get("action") === "accepted" && !r.has("effect")) refuse("record: effect is missing");
  const documents = r.get("documents");
  if (!Array.isArray(documents) || documents.length === 0) refuse("record: documents must be a list of at least one");
  for (const d of documents) {
    only(d, "record: document", ["document", "locale", "sha256", "version"]);
    if (!text(d.get("document")) || !text(d.get("locale")) || !text(d.get("version")) || !digest(d.get("sha256"))) refuse("record: a document is malformed");
  }
  const raw = Buffer.from(canonical(r), "utf8");
  if (raw.length > LARGEST_RECORD) refuse("record: is too long");
  return raw;
}

// ---- section 5 ----

const nameOK = (s) => s !== "" && !/\p{White_Space}/u.test(s) && !s.includes("+");

/** Reads public keys, one a line. */
export function parseKeys(lines) {
  const keys = new Map();
  for (const line of lines.split("\n").map((l) => l.trim()).filter((l) => l !== "")) {
    const [name, id, ...rest] = line.split("+");
    const raw = decode64(rest.join("+"), "key");
    if (!nameOK(name) || !/^[0-9a-fA-F]{8}$/.test(id ?? "") || raw.length !== 33 || raw[0] !== 1) refuse("key: is not a public key");
    if (sha256(name, "\n", raw).subarray(0, 4).toString("hex") !== id.toLowerCase()) refuse("key: its id does not belong to it");
    const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw.subarray(1)]);
    keys.set(`${name}+${id.toLowerCase()}`, createPublicKey({ key: der, format: "der", type: "spki" }));
  }
  if (keys.size === 0) refuse("key: there is none");
  return keys;
}

function checkCheckpoint(note, keys) {
  const bytes = Buffer.from(note, "utf8");
  if (bytes.length > LARGEST_CHECKPOINT) refuse("checkpoint: is too long");
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse("checkpoint: has a control character");
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n") || split + 2 === note.length) refuse("checkpoint: has no signatures");
  const signed = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) refuse("checkpoint: has too many signatures");
  if (new Set(lines).size !== lines.length) refuse("checkpoint: has a signature twice");
  const signers = [];
  for (const line of lines) {
    if (!line.startsWith("— ")) refuse("checkpoint: has a line that is no signature");
    const rest = line.slice(2);
    const gap = rest.indexOf(" ");
    const name = gap < 0 ? rest : rest.slice(0, gap);
    const encoded = gap < 0 ? "" : rest.slice(gap + 1);
    const raw = decode64(encoded, "checkpoint: signature");
    if (!nameOK(name) || raw.length < 5) refuse("checkpoint: has a malformed signature");
    const key = `${name}+${raw.subarray(0, 4).toString("hex")}`;
    if (!keys.has(key)) continue;
    if (signers.includes(key)) refuse("checkpoint: a key has signed twice");
    strict64(encoded, "checkpoint: signature");
    const signature = raw.subarray(4);
    if (signature.length !== 64 || !verifySignature(null, Buffer.from(signed, "utf8"), keys.get(key), signature)) refuse("checkpoint: a signature is wrong");
    signers.push(key);
  }
  if (signers.length === 0) refuse("checkpoint: none of the keys has signed it");
  const fields = signed.split("\n");
  if (fields.length !== 4) refuse("checkpoint: must have three lines");
  const [origin, size, root] = fields;
  if (!signers.some((key) => key.slice(0, key.lastIndexOf("+")) === origin)) refuse("checkpoint: is of another log than the keys");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || BigInt(size) > LARGEST_LOG) refuse("checkpoint: has a malformed size");
  const head = { origin, size: BigInt(size), root: strict64(root, "checkpoint: root", 32) };
  if (head.size === 0n && !head.root.equals(sha256())) refuse("checkpoint: the root of an empty log is another");
  return head;
}

// ---- sections 3, 6 and 7 ----

const leafHash = (record) => sha256(Buffer.from([0]), record);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

function checkProof(proof, head, leaf) {
  const index = proof.get("leaf_index");
  if (proof.get("tree_size") !== head.size) refuse("proof: is for another size than the checkpoint's");
  if (index < 0n || index >= head.size) refuse("proof: the log has no such record");
  let h = leaf, i = index, last = head.size - 1n;
  for (const encoded of proof.get("hashes")) {
    const p = strict64(encoded, "proof: hash", 32);
    if (last === 0n) refuse("proof: is too long");
    if (i % 2n === 1n || i === last) {
      h = nodeHash(p, h);
      while (i % 2n === 0n && i > 0n) { i >>= 1n; last >>= 1n; }
    } else {
      h = nodeHash(h, p);
    }
    i >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n || !h.equals(head.root)) refuse("proof: does not lead to the root in the checkpoint");
}

/** Verifies the bytes of a receipt; throws where it does not hold. */
export function verifyReceipt(bytes, keys) {
  if (bytes.length > LARGEST_RECEIPT) refuse("form: is too long");
  let decoded;
  try {
    decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    refuse("form: is not UTF-8");
  }
  const receipt = parseJSON(decoded);
  only(receipt, "receipt", ["record", "proof"]);
  const proof = receipt.get("proof");
  only(proof, "proof", ["leaf_index", "tree_size", "hashes", "checkpoint"]);
  if (typeof proof.get("leaf_index") !== "bigint" || typeof proof.get("tree_size") !== "bigint" || !Array.isArray(proof.get("hashes")) || typeof proof.get("checkpoint") !== "string") refuse("proof: is malformed");
  const record = receipt.get("record");
  const raw = checkRecord(record);
  const head = checkCheckpoint(proof.get("checkpoint"), keys);
  checkProof(proof, head, leafHash(raw));
  return { record, index: proof.get("leaf_index"), head };
}

function main(args) {
  const files = [];
  let keys = "";
  while (args.length > 0) {
    const arg = args.shift();
    if (arg !== "--key") { files.push(arg); continue; }
    const key = args.shift() ?? "";
    keys += (existsSync(key) ? readFileSync(key, "utf8") : key) + "\n";
  }
  if (files.length === 0 || keys.trim() === "") {
    console.error("usage: node verify.mjs --key KEYS receipt.json...");
    return 2;
  }
  const known = parseKeys(keys);
  let code = 0;
  for (const file of files) {
    try {
      const { record, index, head } = verifyReceipt(readFileSync(file), known);
      const documents = record.get("documents").map((d) => `${d.get("document")} ${d.get("version")} (${d.get("locale")})`).join(", ");
      console.log(`${file}: proved. Record ${index} of ${head.size} in the log ${head.origin}: ${record.get("action")}, ${documents}, received ${record.get("received_at")}`);
    } catch (e) {
      console.error(`${file}: NOT proved. ${e.message}`);
      code = 3;
    }
  }
  return code;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main(process.argv.slice(2));
