import { describe, expect, it } from '@jest/globals';
import { builtinSchema } from './builtin-schema.ts';
import { compare } from './compare.ts';

type Container = Record<string, unknown>;
const pod = builtinSchema('V1Pod')!;

/** The same numbers each time. */
function randomFrom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
}

const podOf = (containers: readonly Container[]): object => ({
    ...{ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' } },
    spec: { containers },
});

describe('the comparison of lists with keys', () => {
    it('goes by keys and not by order, and finds the same where the order is the same', () => {
        const random = randomFrom(1);
        const container = (name: string): Container => ({
            name,
            ...(random(2) === 0 ? {} : { image: `i${random(2)}` }),
            ...(random(2) === 0
                ? {}
                : { env: [0, 1].map((i) => ({ name: `e${i}`, value: `${random(2)}` })) }),
            ...(random(2) === 0
                ? {}
                : {
                      ports: [
                          { containerPort: 80 + random(2), ...(random(2) === 0 ? {} : { protocol: 'TCP' }) },
                      ],
                  }),
        });
        for (let i = 0; i < 500; i++) {
            const names = ['a', 'b', 'c'].slice(0, 1 + random(3));
            // Sometimes a name is there twice.
            if (random(5) === 0) names.push('a');
            const before = names.map(container);
            const after = names.map((name, at) => (random(2) === 0 ? before[at]! : container(name)));
            const isUnique = new Set(names).size === names.length;
            const found = compare(pod, podOf(before), podOf(after));
            // Duplicates are compared as they stand in the list.
            if (isUnique) {
                expect(compare(pod, podOf([...before].reverse()), podOf(after))).toEqual(found);
                expect(compare(pod, podOf(before), podOf([...after].reverse()))).toEqual(found);
            }
            const undone = compare(pod, podOf(after), podOf(before));
            expect(undone).toEqual({ added: found.removed, removed: found.added, modified: found.modified });
        }
    });

    it('takes items that are there twice as one', () => {
        const twice = [{ name: 'a', image: 'x' }, { name: 'a' }];
        const changed = compare(pod, podOf(twice), podOf([{ name: 'a', image: 'y' }, { name: 'a' }]));
        expect(changed.modified).toEqual({ 'f:spec': { 'f:containers': { 'k:{"name":"a"}': {} } } });
    });

    it('fails for items without keys, also where both lists are the same', () => {
        const nameless = podOf([{ image: 'x' }]);
        expect(() => compare(pod, structuredClone(nameless), nameless)).toThrow('omits key field "name"');
    });
});
