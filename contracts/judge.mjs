// The reference judge: evaluates transactions with the official Sigma interpreter.
//
// Reads one JSON request per line on stdin, writes one JSON answer per line on stdout, in order:
//   { tx, boxes, dataBoxes, headers, height, timestamp }  ->  { inputs: [{} | { error }], reduced, cost }
// `tx` is an unsigned transaction and `boxes` / `dataBoxes` the boxes it names, all in the node's JSON; `headers` are the
// last ten, newest first. If every input's script reduces without an error, `reduced` is the reduced transaction
// (EIP-19, hex), which holds each input's proposition, and `cost` its block cost without proofs.
// Two requests cost less where some script fails. With `whole`, { error } is answered then, and not said which ones fail.
// With the number of an input as `at`, nothing is said of the others if that one fails: they are answered as {}.
// A storage-rent spend is not a script's business: the caller leaves such inputs out of its comparison.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AvlTree$, GroupElement$, ProverBuilder$ } from './sigma.mjs';

const BLOCK_VERSION = 4;
export const PARAMETERS = {
  storageFeeFactor: 1250000,
  minValuePerByte: 360,
  maxBlockSize: 1271009,
  tokenAccessCost: 100,
  inputCost: 2407,
  dataInputCost: 100,
  outputCost: 197,
  maxBlockCost: 8001091,
  blockVersion: BLOCK_VERSION,
};
export const MAINNET = 0;
const prover = ProverBuilder$.create(PARAMETERS, MAINNET).build();

const text = (box) => ({
  ...box,
  value: String(box.value),
  assets: (box.assets ?? []).map((a) => ({ tokenId: a.tokenId, amount: String(a.amount) })),
});

const points = new Map();

/** The point of these bytes: headers bear the same few, and to decompress one costs more than some scripts do. */
function point(hex) {
  if (!points.has(hex)) points.set(hex, GroupElement$.fromPointHex(hex));
  return points.get(hex);
}

const header = (h) => ({
  id: h.id,
  version: h.version,
  parentId: h.parentId,
  ADProofsRoot: h.adProofsRoot,
  stateRoot: AvlTree$.fromDigest(h.stateRoot),
  transactionsRoot: h.transactionsRoot,
  timestamp: BigInt(h.timestamp),
  nBits: BigInt(h.nBits),
  height: h.height,
  extensionRoot: h.extensionHash,
  minerPk: point(h.powSolutions.pk),
  powOnetimePk: point(h.powSolutions.w),
  powNonce: h.powSolutions.n,
  powDistance: BigInt(h.powSolutions.d),
  votes: h.votes,
});

function context({ headers, height, timestamp }) {
  const last = headers.map(header);
  const tip = last[0];
  return {
    sigmaLastHeaders: last,
    previousStateDigest: headers[0].stateRoot,
    sigmaPreHeader: { ...tip, version: BLOCK_VERSION, parentId: tip.id, height, timestamp: BigInt(timestamp) },
  };
}

/** What the transaction burns: the reference prover refuses a burn that it was not told of. */
function burned(inputs, outputs) {
  const left = new Map();
  for (const { tokenId, amount } of inputs.flatMap((b) => b.assets)) left.set(tokenId, (left.get(tokenId) ?? 0n) + BigInt(amount));
  for (const { tokenId, amount } of outputs.flatMap((b) => b.assets)) left.set(tokenId, (left.get(tokenId) ?? 0n) - BigInt(amount));
  return [...left].filter(([, amount]) => amount > 0n).map(([tokenId, amount]) => ({ tokenId, amount: String(amount) }));
}

/** The cost is the VLQ number that ends a serialized reduced transaction. */
function trailingVlq(hex) {
  const bytes = Buffer.from(hex, 'hex');
  let start = bytes.length - 1;
  while (start > 0 && bytes[start - 1] & 0x80) start -= 1;
  let value = 0;
  for (let i = bytes.length - 1; i >= start; i -= 1) value = value * 128 + (bytes[i] & 0x7f);
  return value;
}

const reason = (e) => String(e?.message || e).split('\n')[0].slice(0, 300);

/** What the official prover takes, from a request. */
export function prepare(request) {
  const byId = new Map(request.boxes.map((b) => [b.boxId, text(b)]));
  const dataById = new Map(request.dataBoxes.map((b) => [b.boxId, text(b)]));
  const boxes = request.tx.inputs.map((i) => ({ ...byId.get(i.boxId), extension: i.extension ?? {} }));
  const dataBoxes = request.tx.dataInputs.map((d) => dataById.get(d.boxId));
  const tx = { inputs: boxes, dataInputs: dataBoxes, outputs: request.tx.outputs.map(text) };
  const state = context(request);
  return { state, tx, boxes, dataBoxes, burn: burned(boxes, tx.outputs) };
}

function judge(request) {
  const { state, tx, boxes, dataBoxes, burn } = prepare(request);
  const alone = (index) => {
    try {
      prover.reduceTransactionInput(state, tx, boxes, dataBoxes, burn, index);
      return {};
    } catch (e) {
      return { error: reason(e) };
    }
  };
  const { whole, at } = request;
  if (at !== undefined) {
    const found = alone(at);
    if (found.error) return { inputs: boxes.map((_, index) => (index === at ? found : {})) };
  }
  try {
    const reduced = prover.reduce(state, tx, boxes, dataBoxes, burn, 0).toHex();
    return { inputs: boxes.map(() => ({})), reduced, cost: trailingVlq(reduced) };
  } catch (failed) {
    if (whole) throw failed;
    // Some input fails: which ones, each by itself says.
    const inputs = boxes.map((_, index) => alone(index));
    if (inputs.every((i) => !i.error)) throw failed;
    return { inputs };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = judge(JSON.parse(line));
    } catch (e) {
      answer = { error: reason(e) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
}
