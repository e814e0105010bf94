// Kills members at random: node test/kill-rounds/run.mjs [--rounds 1000] [--members 1|3]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';

const program = join(await bundle(), 'main.js');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
    stdio: 'inherit',
});
process.exit(status ?? 1);
