// Compiles every *.es here with the pinned official compiler and prints one JSON artifact per contract, as a JSON array.
//
// A contract's parameters are the `@param NAME text` lines of its header; each is 32 bytes (a token id or a script
// hash). The compiler is given a recognisable 32-byte marker for each, and the artifact records every offset at which
// the marker stands, so that a LETS's own values are put in by overwriting bytes: nothing is compiled at run time.
// Constants are not segregated: placeholders would make the account script 160 bytes longer, which members pay as rent.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { SigmaCompiler$, Value$ } from 'sigmastate-js/main';

const here = dirname(fileURLToPath(import.meta.url));
const compiler = createRequire(import.meta.url)('./package.json').dependencies['sigmastate-js'];
const HEADER_FLAGS = 9; // size bit (8) + tree version 1

const marker = (name) => Buffer.from(`<${name}>`.padEnd(32, '#'), 'latin1').toString('hex');

function offsetsOf(tree, pattern) {
  const found = [];
  for (let at = tree.indexOf(pattern); at >= 0; at = tree.indexOf(pattern, at + 2)) {
    if (at % 2 === 0) found.push(at / 2);
  }
  return found;
}

export function compile(name) {
  const source = readFileSync(join(here, `${name}.es`), 'utf8');
  const params = [...source.matchAll(/^ \* @param (\w+) +(.*)$/gm)].map(([, param, text]) => ({ param, text }));
  const constants = Object.fromEntries(params.map(({ param }) => [param, Value$.fromHex(`0e20${marker(param)}`)]));
  const tree = SigmaCompiler$.forMainnet().compile(constants, false, HEADER_FLAGS, source).toHex();
  const parameters = params.map(({ param, text }) => {
    const offsets = offsetsOf(tree, marker(param));
    if (offsets.length === 0) throw new Error(`${name}.es: parameter ${param} is not used`);
    return { name: param, description: text, type: 'Coll[Byte]', size: 32, offsets };
  });
  return {
    name,
    sourceSha256: createHash('sha256').update(source).digest('hex'),
    compiler: { name: 'sigmastate-js', version: compiler, headerFlags: HEADER_FLAGS, constantSegregation: false },
    parameters,
    ergoTreeSize: tree.length / 2,
    ergoTree: tree,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = readdirSync(here).filter((f) => f.endsWith('.es')).map((f) => f.slice(0, -3)).sort();
  process.stdout.write(JSON.stringify(names.map(compile)) + '\n');
}
