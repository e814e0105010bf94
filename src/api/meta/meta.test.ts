import { describe, expect, it } from '@jest/globals';
import { isConditionTrue, removeCondition, setCondition } from './conditions.ts';
import { deepClone, deepEqual, deepFreeze, semanticEqual } from './deep.ts';
import { scaledValue } from './int-or-string.ts';
import { controllerOf, controllerRef } from './owner-references.ts';

describe('deep equality', () => {
    it.each([
        [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true, true],
        [{ a: undefined }, {}, true, true],
        [{ constructor: 'a' }, {}, false, false],
        [JSON.parse('{"__proto__": {}}') as object, { a: 1 }, false, false],
        [{ a: [] }, {}, false, true],
        [{ a: {} }, { a: null }, false, true],
        [{ a: '' }, {}, false, false],
        [[1, 2], [2, 1], false, false],
        [[], {}, false, true],
        [{ a: { b: [] } }, { a: { b: undefined } }, false, true],
        [null, undefined, false, true],
        ['a', 'b', false, false],
    ])('%j and %j: equal %s, semantically %s', (a, b, equal, semantic) => {
        expect([deepEqual(a, b), deepEqual(b, a)]).toEqual([equal, equal]);
        expect([semanticEqual(a, b), semanticEqual(b, a)]).toEqual([semantic, semantic]);
    });

    it('a clone shares nothing and can be changed though the original is frozen', () => {
        const original = deepFreeze({ a: [{ b: 1 }], gone: undefined });
        const clone = deepClone(original) as { a: { b: number }[] };
        expect(clone).toStrictEqual({ a: [{ b: 1 }] });
        clone.a[0]!.b = 2;
        expect(original.a[0]!.b).toBe(1);
        expect(Object.isFrozen(original.a[0])).toBe(true);
    });
});

describe('conditions', () => {
    const ready = { type: 'Ready', status: 'True', reason: 'A', lastTransitionTime: 't0' };

    it('keep their transition time while the status stays', () => {
        const list = setCondition(
            [ready],
            { type: 'Ready', status: 'True', reason: 'B' } as typeof ready,
            't1',
        );
        expect(list).toEqual([{ ...ready, reason: 'B' }]);
    });

    it('get a new transition time when the status changes', () => {
        const changed = { type: 'Ready', status: 'False' } as typeof ready;
        expect(setCondition([ready], changed, 't1')[0]?.lastTransitionTime).toBe('t1');
    });

    it('leave the list alone when nothing changes', () => {
        const list = [ready];
        expect(setCondition(list, { type: 'Ready', status: 'True', reason: 'A' } as typeof ready, 't1')).toBe(
            list,
        );
        expect(removeCondition(list, 'Other')).toBe(list);
        expect([isConditionTrue(list, 'Ready'), isConditionTrue(list, 'Other')]).toEqual([true, false]);
    });
});

describe('owner references', () => {
    it('name the controller among the owners', () => {
        const owner = { metadata: { name: 'o', uid: 'u' } };
        const reference = controllerRef(owner, { apiVersion: 'apps/v1', kind: 'ReplicaSet' });
        expect(reference).toMatchObject({ controller: true, blockOwnerDeletion: true, name: 'o', uid: 'u' });
        const other = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'y' };
        expect(controllerOf({ metadata: { ownerReferences: [other, reference] } })).toBe(reference);
        expect(controllerOf({ metadata: { ownerReferences: [other] } })).toBeUndefined();
    });
});

describe('scaledValue', () => {
    it.each([
        [3, 10, true, 3],
        ['25%', 10, true, 3],
        ['25%', 10, false, 2],
        ['100%', 7, false, 7],
        ['0%', 7, true, 0],
    ])('%s of %s, rounded up %s, is %s', (value, total, up, expected) => {
        expect(scaledValue(value, total, up)).toBe(expected);
    });

    it('rejects other strings in upstream’s words', () => {
        expect(() => scaledValue('http', 1, true)).toThrow(
            'invalid value for IntOrString: invalid type: string is not a percentage',
        );
    });
});
