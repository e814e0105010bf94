/**
 * Writes the record that `recorded-bootstrap.ts` reads; run when the bundle is built: node record-bootstrap.js FILE.
 * Not part of the package.
 */
import { writeFile } from 'node:fs/promises';
import { recordBootstrap } from './api-server.ts';

const file = process.argv[2];
if (file === undefined) throw new TypeError('expected the file to write');
await writeFile(file, JSON.stringify(await recordBootstrap()));
