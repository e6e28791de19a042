// Times the official interpreter: reads one JSON line { requests, secret, rounds }, where `requests` are as judge.mjs
// reads them and `secret` signs them all; prints the milliseconds that each reduce-and-sign took, as a JSON array.
// The first rounds are not counted: they warm the just-in-time compiler up.
import { createInterface } from 'node:readline';
import { ProverBuilder$ } from './sigma.mjs';
import { MAINNET, PARAMETERS, prepare } from './judge.mjs';

const WARM_UP = 30;

for await (const line of createInterface({ input: process.stdin })) {
  const { requests, secret, rounds } = JSON.parse(line);
  const prover = ProverBuilder$.create(PARAMETERS, MAINNET).withDLogSecret(BigInt(`0x${secret}`)).build();
  const times = [];
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const { state, tx, boxes, dataBoxes, burn } = prepare(requests[Math.abs(round) % requests.length]);
    const start = performance.now();
    prover.signReduced(prover.reduce(state, tx, boxes, dataBoxes, burn, 0), undefined);
    if (round >= 0) times.push(performance.now() - start);
  }
  process.stdout.write(JSON.stringify(times) + '\n');
}
