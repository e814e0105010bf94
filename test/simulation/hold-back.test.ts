import { describe, expect, it } from '@jest/globals';
import { relaxedDelayMaxMs, renewalDelayMaxMs } from '../../src/store/log/log.ts';
import { simulateHoldBack, type HoldBackResult } from './hold-back.ts';

const runs = 60;
const timeoutMs = 120_000;

describe('the power cut of a single member that holds back relaxed writes', () => {
    it(
        'loses nothing durable, never order, and of the rest no more than the named bounds',
        async () => {
            const results: HoldBackResult[] = [];
            for (let seed = 1; seed <= runs; seed++) {
                results.push(
                    await simulateHoldBack(seed).catch((error: unknown) => {
                        throw new Error(`hold-back seed ${seed}`, { cause: error });
                    }),
                );
            }
            // The simulation is only worth something when it does lose writes, and old ones too.
            expect(results.filter(({ lost }) => lost > 0).length).toBeGreaterThan(runs / 10);
            expect(results.some(({ oldestLostMs }) => oldestLostMs > relaxedDelayMaxMs)).toBe(true);
            expect(results.every(({ oldestLostMs }) => oldestLostMs <= renewalDelayMaxMs)).toBe(true);
        },
        timeoutMs,
    );
});
