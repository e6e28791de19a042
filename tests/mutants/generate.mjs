// The mutants of the contracts.
//
//   node generate.mjs          prints every mutant: { contract, name } a line
//   node generate.mjs CACHE    reads such lines and compiles the mutants: a line { contract, name, artifact } each, in
//                              the order in which they get ready; no artifact if the compiler refuses it. CACHE is a file
//                              that remembers what was compiled, so that a run that was stopped goes on.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { artifact, compile, names, read } from '../../contracts/compile.mjs';
import { mutants } from './operators.mjs';

function attempt(source) {
  try {
    // The compiler reads no faster than it must: without prose and indentation it takes a fifth less time.
    return compile(source.replace(/^ \*(?! @param|\/).*\n/gm, '').replace(/^ +(?!\*)/gm, ''));
  } catch {
    return null;
  }
}

/** Compiles on every core; a worker is given the next source when it has answered. */
async function compileAll(wanted, ready) {
  const threads = Math.min(availableParallelism(), wanted.length);
  await Promise.all(Array.from({ length: threads }, () => new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url));
    let now;
    const give = () => {
      now = wanted.shift();
      if (now) worker.postMessage(now.source);
      else worker.terminate().then(resolve);
    };
    worker.on('message', (tree) => { ready(now, tree); give(); });
    worker.on('error', reject);
    give();
  })));
}

async function main(cacheFile) {
  const all = new Map();
  for (const contract of names()) {
    for (const { name, source } of mutants(read(contract))) all.set(`${contract} ${name}`, { contract, name, source });
  }
  const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  if (!cacheFile) {
    for (const { contract, name } of all.values()) print({ contract, name });
    return;
  }
  const version = artifact('', '', '').compiler.version;
  const keyOf = ({ source }) => createHash('sha256').update(`${version}\n${source}`).digest('hex');
  const lines = existsSync(cacheFile) ? readFileSync(cacheFile, 'utf8').split('\n') : [];
  // The last line may be cut short by an interruption.
  const cache = new Map(lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line)).map(({ key, tree }) => [key, tree]));
  const answer = ({ contract, name, source }, tree) => print({ contract, name, artifact: tree ? artifact(contract, source, tree) : null });
  const wanted = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const { contract, name } = JSON.parse(line);
    const mutant = all.get(`${contract} ${name}`);
    if (!mutant) throw new Error(`${contract} has no mutant ${name}`);
    const key = keyOf(mutant);
    if (cache.has(key)) answer(mutant, cache.get(key));
    else wanted.push({ ...mutant, key });
  }
  await compileAll(wanted, (mutant, tree) => {
    appendFileSync(cacheFile, `${JSON.stringify({ key: mutant.key, tree })}\n`);
    answer(mutant, tree);
  });
}

if (isMainThread) await main(process.argv[2]);
else parentPort.on('message', (source) => parentPort.postMessage(attempt(source)));
