import { describe, expect, it } from '@jest/globals';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { resourceDefinitions } from '../../../api/groups/index.ts';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import { StoreError } from '../../../store/store.ts';
import { EventLeases, leaseObjectsMax } from './event-leases.ts';

function definitionOf(group: string, plural: string): ResourceDefinition {
    const found = resourceDefinitions().find((one) => one.group === group && one.plural === plural);
    if (found === undefined) throw new Error(`there is no ${plural}`);
    return found;
}

const events = definitionOf('', 'events');

function setup(ttlMs: number): {
    clock: ManualClock;
    granted: number[];
    write: (definition?: ResourceDefinition) => Promise<number>;
    leases: EventLeases;
} {
    const clock = new ManualClock();
    const granted: number[] = [];
    const leases = new EventLeases({
        clock,
        ttlMs,
        leases: {
            grant: ({ ttlSeconds }) => {
                granted.push(ttlSeconds);
                return Promise.resolve({ id: granted.length, ttlSeconds });
            },
        },
    });
    const write = async (definition = events): Promise<number> =>
        await leases.attach(definition, (lease) => Promise.resolve(lease));
    return { clock, granted, write, leases };
}

describe('leases of events', () => {
    it('are shared by what is written within a minute, by both versions', async () => {
        const { clock, granted, write } = setup(3_600_000);
        expect(await Promise.all([write(), write(definitionOf('events.k8s.io', 'events'))])).toEqual([1, 1]);
        await clock.advance(59_000);
        expect(await write()).toBe(1);
        await clock.advance(1_000);
        expect(await write()).toBe(2);
        expect(granted).toEqual([3_660, 3_660]);
    });

    it('are shared for a twentieth of a short time to live', async () => {
        const { clock, granted, write } = setup(200_000);
        await write();
        await clock.advance(10_000);
        expect(await write()).toBe(2);
        expect(granted).toEqual([210, 210]);
    });

    it('take a bounded number of objects, also of those that wait for a grant', async () => {
        const { write } = setup(3_600_000);
        const ids = await Promise.all(Array.from({ length: leaseObjectsMax + 1 }, () => write()));
        expect(ids.filter((id) => id === 1)).toHaveLength(leaseObjectsMax);
        expect(ids.filter((id) => id === 2)).toHaveLength(1);
    });

    it('are replaced when the store has forgotten them', async () => {
        const { write, leases } = setup(3_600_000);
        await write();
        const gone = new Set([1]);
        const stored = await leases.attach(events, (lease) =>
            gone.has(lease)
                ? Promise.reject(new StoreError('leaseNotFound', 'gone'))
                : Promise.resolve(lease),
        );
        expect(stored).toBe(2);
        expect(await write()).toBe(2);
    });

    it('are not for other objects, and not for events that are kept for ever', async () => {
        const { granted, write } = setup(3_600_000);
        expect(await write(definitionOf('', 'configmaps'))).toBe(0);
        const kept = setup(0);
        expect(await kept.write()).toBe(0);
        expect([...granted, ...kept.granted]).toEqual([]);
    });
});
