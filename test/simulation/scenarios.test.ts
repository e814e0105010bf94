import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { runScenario } from './scenario.ts';

/** With REWRITE_SCENARIOS=1 the files get the output of this run: read the difference before committing it. */
const rewrite = process.env.REWRITE_SCENARIOS === '1';
const directory = fileURLToPath(new URL('scenarios', import.meta.url));

describe('the scenario', () => {
    for (const file of readdirSync(directory)) {
        const path = join(directory, file);
        it(`${file.replace(/\.txt$/, '').replaceAll('-', ' ')} comes out as written`, () => {
            const text = readFileSync(path, 'utf8');
            const actual = runScenario(text);
            if (rewrite) writeFileSync(path, actual);
            else expect(actual).toBe(text);
        });
    }
});
