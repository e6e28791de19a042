// The pinned official compiler and interpreter. Loaded as the CommonJS file of 13 MB that it is: `import` would parse it
// twice more, to find its format and the names that it exports, and double the time that each process takes to start.
import { createRequire } from 'node:module';

export const { AvlTree$, GroupElement$, ProverBuilder$, SigmaCompiler$, Value$ } = createRequire(import.meta.url)('sigmastate-js/main');
