import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openingText, runKillRounds } from './kill-rounds.ts';

const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '20' }, members: { type: 'string', default: '1' } },
});
const members = values.members === '3' ? 3 : 1;
const reportEvery = 20;
const summary = await runKillRounds({
    members,
    rounds: Number(values.rounds),
    program: fileURLToPath(new URL('./member-process.js', import.meta.url)),
    random: Math.random,
    onRound: (round, soFar) => {
        if (round % reportEvery === 0) {
            console.log(`round ${round}: ${soFar.acknowledged} acknowledged writes, ${openingText(soFar)}`);
        }
    },
});
console.log(
    `${members} member(s), ${summary.rounds} rounds, ${summary.kills} kills: all ${summary.acknowledged} acknowledged writes are there, once; ${openingText(summary)}`,
);
