// Mutation run: deletes each conjunct of the contracts in turn, compiles what is left with the pinned compiler, and runs
// the tests of this package once; their harness (src/mutants.rs) puts every mutant in the script's place in every case.
// A mutant that no test tells from the contract survives, and is printed. Exit code 1 if any does.
//
//   node tests/mutants.mjs [CONTRACT...]
//
// tests/mutants/CONTRACT.json lists [rule, text that stands once in the source, what comes in its place].
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const contracts = join(here, '../contracts');
const asked = process.argv.slice(2);
const names = readdirSync(join(here, 'mutants')).map((f) => f.replace(/\.json$/, '')).filter((n) => !asked.length || asked.includes(n));

// The compiler compiles the folder that its script stands in: a scratch copy, whose sources are overwritten.
const scratch = mkdtempSync(join(tmpdir(), 'lets-mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));
cpSync(contracts, scratch, { recursive: true, filter: (path) => !path.includes('node_modules') });
symlinkSync(join(contracts, 'node_modules'), join(scratch, 'node_modules'));
const { compile } = await import(join(scratch, 'compile.mjs'));

const mutants = [];
for (const name of names) {
  const source = readFileSync(join(contracts, `${name}.es`), 'utf8');
  const list = JSON.parse(readFileSync(join(here, 'mutants', `${name}.json`), 'utf8'));
  for (const [rule, text, instead] of list) {
    if (source.split(text).length !== 2) throw new Error(`${name} ${rule}: ${JSON.stringify(text)} does not stand once in the source`);
    // The grammar takes no empty line inside an expression.
    writeFileSync(join(scratch, `${name}.es`), source.replace(text, () => instead).replace(/\n\s*\n(?=.)/g, '\n'));
    try {
      mutants.push({ rule, contract: name, artifact: compile(name) });
    } catch (e) {
      throw new Error(`${name} ${rule}: the mutant does not compile: ${e.message}`);
    }
  }
  writeFileSync(join(scratch, `${name}.es`), source);
}
const [input, output] = [join(scratch, 'mutants.json'), join(scratch, 'killed')];
writeFileSync(input, JSON.stringify(mutants));
writeFileSync(output, '');
const files = { account: ['account'], note: ['note'], pot: ['pot'], charter: ['charter'], application: ['application'] };
const tests = [...new Set(names.flatMap((n) => files[n]))].flatMap((t) => ['--test', t]);
const env = { ...process.env, LETS_MUTANTS: input, LETS_MUTANTS_KILLED: output };
const run = spawnSync('cargo', ['test', '-p', 'lets-tests', '--no-fail-fast', ...tests], { cwd: join(here, '..'), env, stdio: ['ignore', 2, 2] });
const killed = new Set(readFileSync(output, 'utf8').split('\n'));
const survivors = mutants.filter((m) => !killed.has(`${m.contract} ${m.rule}`));
for (const { contract, rule } of survivors) console.log(`survives: ${contract} ${rule}`);
console.log(`${mutants.length - survivors.length} of ${mutants.length} mutants killed`);
process.exit(run.status !== 0 || survivors.length ? 1 : 0);
