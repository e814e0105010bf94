import { describe, expect, it } from '@jest/globals';
import { buildBrokenCore } from './broken-core.ts';
import { mutations } from './mutations.ts';
import { SafetyViolation } from './safety.ts';
import { simulate } from './simulation.ts';

const timeoutMs = 120_000;

describe('the simulation finds a core that was broken on purpose', () => {
    for (const mutation of mutations) {
        it(`finds it when ${mutation.name}`, async () => {
            const core = await buildBrokenCore(mutation);
            const found = mutation.seeds.some((seed) => {
                try {
                    simulate(seed, core);
                    return false;
                } catch (error) {
                    if (error instanceof SafetyViolation) return true;
                    throw error;
                }
            });
            expect(found).toBe(true);
        }, timeoutMs);
    }
});
