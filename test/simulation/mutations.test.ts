import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { buildBrokenCore, type Mutation } from './broken-core.ts';
import type { Core } from './core.ts';
import { mutations } from './mutations.ts';
import { optionsOfProfile } from './options.ts';
import { SafetyViolation } from './safety.ts';
import { runScenario } from './scenario.ts';
import { simulateWith } from './simulation.ts';

const timeoutMs = 120_000;

function finds(core: Core, foundBy: Mutation['foundBy']): boolean {
    if (foundBy.type === 'scenario') {
        const text = readFileSync(new URL(`scenarios/${foundBy.name}.txt`, import.meta.url), 'utf8');
        return isViolation(() => runScenario(text, core) === text);
    }
    const { profile, seeds } = foundBy;
    return seeds.some((seed) => isViolation(() => simulateWith(optionsOfProfile(profile, seed), core)));
}

function isViolation(run: () => unknown): boolean {
    try {
        return run() === false;
    } catch (error) {
        if (error instanceof SafetyViolation) return true;
        throw error;
    }
}

describe('the simulation finds a core that was broken on purpose', () => {
    for (const mutation of mutations) {
        it(
            `finds it when ${mutation.name}`,
            async () => expect(finds(await buildBrokenCore(mutation), mutation.foundBy)).toBe(true),
            timeoutMs,
        );
    }
});
