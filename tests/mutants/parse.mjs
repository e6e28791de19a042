// ErgoScript as the contracts use it, parsed into a tree of nodes that know where they stand in the source.
//
// A node is { kind, start, end, ... }, its children by name:
//   block { vals: [{ name, value }], result } · lambda { body } · if { test, then, otherwise } · paren { inner }
//   tuple { parts } · binary { op, at, left, right } · unary { op, operand } · call { callee, args }
//   select { object, name, at } · typed { object, type, at } · name { text } · number { value, long }
// The compiler judges the grammar; this parser needs to agree with it only on where each expression begins and ends.

const TOKEN = /\s+|\/\*[\s\S]*?\*\/|\/\/.*|([A-Za-z_]\w*)|(\d+)(L?)|(=>|==|!=|<=|>=|&&|\|\||\+\+|[-+*/<>!=(){}[\],.:])/y;
const PRECEDENCE = { '||': 1, '&&': 2, '==': 3, '!=': 3, '<': 4, '>': 4, '<=': 4, '>=': 4, '+': 5, '-': 5, '++': 5, '*': 6, '/': 6 };

function tokenise(source) {
  const tokens = [];
  let newLine = false;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex;
    const found = TOKEN.exec(source);
    if (!found) throw new Error(`no ErgoScript at ${JSON.stringify(source.slice(start, start + 20))}`);
    const [text, word, digits, long, sign] = found;
    if (!word && !digits && !sign) {
      newLine ||= text.includes('\n');
      continue;
    }
    tokens.push({ text, start, end: start + text.length, newLine, word, digits, long });
    newLine = false;
  }
  tokens.push({ text: '', start: source.length, end: source.length, newLine: true });
  return tokens;
}

/** The tree of a contract's source. */
export function parse(source) {
  const tokens = tokenise(source);
  let next = 0;
  const peek = (text, ahead = 0) => tokens[next + ahead].text === text;
  const take = (text) => {
    const token = tokens[next];
    if (text !== undefined && token.text !== text) throw new Error(`${JSON.stringify(text)} expected at ${JSON.stringify(source.slice(token.start, token.start + 40))}`);
    next += 1;
    return token;
  };
  const spanning = (start, node) => ({ ...node, start, end: tokens[next - 1].end });

  function block(start) {
    const vals = [];
    while (peek('val')) {
      take();
      const { text: name } = take();
      take('=');
      vals.push({ name, value: expression() });
    }
    return spanning(start, { kind: 'block', vals, result: expression() });
  }

  function list(close) {
    const parts = [];
    while (!peek(close)) {
      parts.push(expression());
      if (!peek(close)) take(',');
    }
    take(close);
    return parts;
  }

  /** Skips a type; brackets in it are balanced. */
  function type(...stops) {
    for (let depth = 0; depth > 0 || !stops.includes(tokens[next].text); ) {
      const { text } = take();
      if ('(['.includes(text)) depth += 1;
      if (')]'.includes(text)) depth -= 1;
    }
  }

  function primary() {
    const token = take();
    const { start } = token;
    if (token.digits) return spanning(start, { kind: 'number', value: token.digits, long: token.long });
    if (token.text === '{') {
      if (peek('(') && tokens[next + 1].word && peek(':', 2)) {
        take('(');
        type(')');
        take(')');
        take('=>');
        const body = block(tokens[next].start);
        take('}');
        return spanning(start, { kind: 'lambda', body });
      }
      const inner = block(tokens[next].start);
      take('}');
      return spanning(start, { kind: 'paren', inner });
    }
    if (token.text === '(') {
      const parts = list(')');
      return spanning(start, parts.length === 1 ? { kind: 'paren', inner: parts[0] } : { kind: 'tuple', parts });
    }
    if (token.text === 'if') {
      take('(');
      const test = expression();
      take(')');
      const then = expression();
      take('else');
      return spanning(start, { kind: 'if', test, then, otherwise: expression() });
    }
    if (token.word) return spanning(start, { kind: 'name', text: token.text });
    throw new Error(`no expression at ${JSON.stringify(source.slice(start, start + 40))}`);
  }

  function postfix() {
    const { start } = tokens[next];
    let node = primary();
    for (;;) {
      if (peek('.')) {
        take();
        const name = take();
        node = spanning(start, { kind: 'select', object: node, name: name.text, at: name });
      } else if (peek('[')) {
        const open = take();
        type(']');
        take(']');
        node = spanning(start, { kind: 'typed', object: node, type: source.slice(open.end, tokens[next - 1].start) });
      } else if (peek('(') && !tokens[next].newLine) {
        take();
        node = spanning(start, { kind: 'call', callee: node, args: list(')') });
      } else {
        return node;
      }
    }
  }

  function unary() {
    const { start, text } = tokens[next];
    if (text !== '!' && text !== '-') return postfix();
    take();
    return spanning(start, { kind: 'unary', op: text, operand: unary() });
  }

  function expression(least = 1) {
    const { start } = tokens[next];
    let left = unary();
    for (;;) {
      const at = tokens[next];
      const level = PRECEDENCE[at.text];
      if (level === undefined || level < least) return left;
      take();
      left = spanning(start, { kind: 'binary', op: at.text, at, left, right: expression(level + 1) });
    }
  }

  const tree = expression();
  if (tokens[next].text !== '') throw new Error(`more than one expression: ${JSON.stringify(source.slice(tokens[next].start, tokens[next].start + 40))}`);
  return tree;
}

/** A node's children, each with the name of the value that it is part of. */
export function children(node) {
  switch (node.kind) {
    case 'block': return [...node.vals.map(({ name, value }) => [value, name]), [node.result]];
    case 'lambda': return [[node.body]];
    case 'if': return [[node.test], [node.then], [node.otherwise]];
    case 'paren': return [[node.inner]];
    case 'tuple': return node.parts.map((part) => [part]);
    case 'binary': return [[node.left], [node.right]];
    case 'unary': return [[node.operand]];
    case 'call': return [[node.callee], ...node.args.map((arg) => [arg])];
    case 'select':
    case 'typed': return [[node.object]];
    default: return [];
  }
}
