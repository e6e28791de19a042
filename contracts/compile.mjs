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
import { SigmaCompiler$, Value$ } from './sigma.mjs';

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

const paramsOf = (source) => [...source.matchAll(/^ \* @param (\w+) +(.*)$/gm)].map(([, param, text]) => ({ param, text }));

export const names = () => readdirSync(here).filter((f) => f.endsWith('.es')).map((f) => f.slice(0, -3)).sort();

export const read = (name) => readFileSync(join(here, `${name}.es`), 'utf8');

/** The ErgoTree of a source, in hexadecimal, with a marker wherever a parameter stands. */
export function compile(source) {
  const constants = Object.fromEntries(paramsOf(source).map(({ param }) => [param, Value$.fromHex(`0e20${marker(param)}`)]));
  return SigmaCompiler$.forMainnet().compile(constants, false, HEADER_FLAGS, source).toHex();
}

/** The artifact of a contract's source and what it compiled to; a parameter that is not used has no offsets. */
export function artifact(name, source, tree) {
  const parameters = paramsOf(source).map(({ param, text }) => (
    { name: param, description: text, type: 'Coll[Byte]', size: 32, offsets: offsetsOf(tree, marker(param)) }
  ));
  return {
    name,
    sourceSha256: createHash('sha256').update(source).digest('hex'),
    compiler: { name: 'sigmastate-js', version: compiler, headerFlags: HEADER_FLAGS, constantSegregation: false },
    parameters,
    ergoTreeSize: tree.length / 2,
    ergoTree: tree,
  };
}

function committed(name) {
  const source = read(name);
  const made = artifact(name, source, compile(source));
  const unused = made.parameters.find(({ offsets }) => offsets.length === 0);
  if (unused) throw new Error(`${name}.es: parameter ${unused.name} is not used`);
  return made;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(JSON.stringify(names().map(committed)) + '\n');
}
