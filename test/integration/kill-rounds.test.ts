import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { bundle } from '../kill-rounds/bundle.mjs';
import { openingText, runKillRounds } from '../kill-rounds/kill-rounds.ts';

/** More of them: node test/kill-rounds/run.mjs --rounds 1000 --members 1 */
const rounds = { 1: 6, 3: 3 } as const;
const timeoutMs = 300_000;

describe('members that are killed while they write', () => {
    for (const members of [1, 3] as const) {
        it(
            `have everything acknowledged, once, after each of ${rounds[members]} rounds with ${members} of them`,
            async () => {
                const program = join(await bundle(), 'member-process.js');
                const summary = await runKillRounds({
                    members,
                    rounds: rounds[members],
                    program,
                    random: Math.random,
                });
                console.log(
                    `${members} member(s): ${summary.acknowledged} acknowledged writes, ${openingText(summary)}`,
                );
                expect(summary.rounds).toBe(rounds[members]);
                expect(summary.acknowledged).toBeGreaterThan(0);
            },
            timeoutMs,
        );
    }
});
