// What is changed to make a mutant: one operator at one place of a contract's source.
//
// A mutant's name is `VAL: CHANGE`, where VAL is the innermost `val` that it stands in (none: a result), and CHANGE tells
// the old text, the new, and the clause around it: no line numbers, so that it outlives edits elsewhere. Where a name
// would stand for several places, the second and further ones end in #2, #3...
import { children, parse } from './parse.mjs';

const COMPARISON = { '<': ['<=', '>'], '<=': ['<', '>='], '>': ['>=', '<'], '>=': ['>', '<='], '==': ['!=', '<=', '>='], '!=': ['=='] };
const ARITHMETIC = { '+': '-', '-': '+', '*': '/', '/': '*' };
const MEMBER = { _1: '_2', _2: '_1', forall: 'exists', exists: 'forall' };
// A box in another's place; `next`, `out`, `subject`, `first` and `leader` are boxes by name, `b` and `o` in lambdas.
const NAME = {
  SELF: ['INPUTS(0)', 'OUTPUTS(0)'], INPUTS: ['OUTPUTS'], OUTPUTS: ['INPUTS'], next: ['SELF'], out: ['subject', 'SELF'],
  subject: ['out', 'SELF'], first: ['SELF'], leader: ['SELF'], b: ['SELF'], o: ['SELF'], true: ['false'], false: ['true'],
  min: ['max'], max: ['min'],
};
const LOGIC = { '&&': '||', '||': '&&' };
const LONGEST = 90;

const oneLine = (text) => text.replace(/\s+/g, ' ').replace(/([({[]) | ([)\]}])/g, '$1$2');
const short = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 30)} … ${text.slice(-27)}` : text);

/** The operands of a chain of one logical operator, and the operators between them. */
function chain(node) {
  if (node.left.kind !== 'binary' || node.left.op !== node.op) return { operands: [node.left, node.right], ops: [node.at] };
  const { operands, ops } = chain(node.left);
  return { operands: [...operands, node.right], ops: [...ops, node.at] };
}

const isTruth = (node) => node.kind === 'binary' && (node.op in LOGIC || node.op in COMPARISON);

/** Every mutant of a source: [{ name, source }]. */
export function mutants(source) {
  const found = [];
  const text = (node) => source.slice(node.start, node.end);

  function add(where, start, end, instead, change) {
    const mutated = source.slice(0, start) + instead + source.slice(end);
    // The grammar takes no empty line inside an expression.
    found.push({ name: `${where.val}${change}`, source: mutated.replace(/\n\s*\n(?=.)/g, '\n') });
  }

  function replace(where, { start, end }, instead) {
    const old = short(oneLine(source.slice(start, end)));
    add(where, start, end, instead, `${old} -> ${short(oneLine(instead))} in ${short(oneLine(text(where.clause)))}`);
  }

  function logic(where, node) {
    const { operands, ops } = chain(node);
    operands.forEach((operand, i) => {
      const [start, end] = i === 0 ? [operand.start, operands[1].start] : [operands[i - 1].end, operand.end];
      add(where, start, end, '', `drop ${short(oneLine(text(operand)))}`);
    });
    ops.forEach((op, i) => replace({ ...where, clause: { start: operands[i].start, end: operands[i + 1].end } }, op, LOGIC[op.text]));
    operands.forEach((operand) => visit({ ...where, clause: operand }, operand));
  }

  function change(where, node) {
    if (node.kind === 'binary') {
      // A size is never below 0.
      const sizeIs0 = node.left.name === 'size' && node.right.value === '0';
      const ops = (COMPARISON[node.op] ?? []).filter((op) => !(sizeIs0 && node.op === '==' && op === '<='));
      for (const op of ops) replace(where, node.at, op);
      if (node.op in ARITHMETIC) replace(where, node.at, ARITHMETIC[node.op]);
      if (node.op === '++') for (const side of [node.left, node.right]) replace(where, node, text(side));
    } else if (node.kind === 'unary') {
      replace(where, node, text(node.operand));
    } else if (node.kind === 'number') {
      const value = BigInt(node.value);
      replace(where, node, `${value + 1n}${node.long}`);
      // An index below 0 only throws.
      if (value > 0n || node.long) replace(where, node, `${value - 1n}${node.long}`);
    } else if (node.kind === 'name') {
      for (const name of NAME[node.text] ?? []) replace(where, node, name);
    } else if (node.kind === 'select') {
      if (node.name in MEMBER) replace(where, node.at, MEMBER[node.name]);
      const register = /^R([4-9])$/.exec(node.name);
      for (const n of register ? [Number(register[1]) - 1, Number(register[1]) + 1] : []) {
        if (n >= 4 && n <= 9) replace(where, node.at, `R${n}`);
      }
    } else if (node.kind === 'call') {
      if (['min', 'max'].includes(node.callee.text)) node.args.forEach((arg) => replace(where, node, text(arg)));
      if (['INPUTS', 'OUTPUTS'].includes(node.callee.text)) replace(where, node, 'SELF');
    } else if (node.kind === 'if') {
      for (const test of ['true', 'false']) replace(where, node.test, test);
      const swapped = `if (${text(node.test)}) ${text(node.otherwise)} else ${text(node.then)}`;
      add(where, node.start, node.end, swapped, `branches swapped of if (${short(oneLine(text(node.test)))})`);
    } else if (node.kind === 'lambda' && isTruth(node.body.result)) {
      for (const truth of ['true', 'false']) replace({ ...where, clause: node }, node.body.result, truth);
    }
  }

  function visit(where, node) {
    if (node.kind === 'binary' && node.op in LOGIC) {
      logic(where, node);
      return;
    }
    change(where, node);
    const around = ['block', 'if', 'lambda'].includes(node.kind);
    for (const [child, val] of children(node)) {
      visit({ val: val ? `${val}: ` : where.val, clause: val || around ? child : where.clause }, child);
    }
  }

  const tree = parse(source);
  visit({ val: '', clause: tree }, tree);
  const times = new Map();
  return found.map(({ name, source: mutated }) => {
    const nth = (times.get(name) ?? 0) + 1;
    times.set(name, nth);
    return { name: nth > 1 ? `${name} #${nth}` : name, source: mutated };
  });
}
