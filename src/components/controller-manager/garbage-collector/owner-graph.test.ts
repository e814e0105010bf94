import { describe, expect, it } from '@jest/globals';
import type { ApiObject, Stored, V1OwnerReference } from '../../../api/meta/object.ts';
import { AbsentOwners } from './absent-owners.ts';
import { blockingDependents, identityOf } from './graph-node.ts';
import { OwnerGraph } from './owner-graph.ts';

const reference = (name: string, extra: Partial<V1OwnerReference> = {}): V1OwnerReference => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name,
    uid: name,
    ...extra,
});
const object = (
    name: string,
    owners: V1OwnerReference[] = [],
    metadata: { namespace?: string; deletionTimestamp?: string; finalizers?: string[] } = {},
): Stored<ApiObject> => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, uid: name, namespace: 'default', ownerReferences: owners, ...metadata },
});
const deleting = (finalizer: string) => ({
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: [finalizer],
});

/** A graph, and what it has asked for since the last look. */
function setup() {
    const asked: string[] = [];
    const graph = new OwnerGraph({
        attemptToDelete: ({ identity }) => asked.push(`delete ${identity.name}`),
        verify: ({ identity }) => asked.push(`verify ${identity.name}`),
        attemptToOrphan: ({ identity }) => asked.push(`orphan ${identity.name}`),
        ownerAbsent: ({ name }) => asked.push(`absent ${name}`),
        ownerInOtherNamespace: (dependent) => asked.push(`foreign ${dependent.identity.name}`),
    });
    return { graph, asked: () => asked.splice(0) };
}

describe('the graph of owners', () => {
    it('asks nothing about objects whose owners it has seen', () => {
        const { graph, asked } = setup();
        graph.observed(object('a'), undefined);
        graph.observed(object('b', [reference('a')]), undefined);
        expect(asked()).toEqual([]);
    });

    it('looks at dependents when their owner is deleted, and forgets it with the last of them', () => {
        const { graph, asked } = setup();
        graph.observed(object('a'), undefined);
        const dependent = object('b', [reference('a')]);
        graph.observed(dependent, undefined);
        graph.deleted(object('a'));
        expect(asked()).toEqual(['delete b', 'absent a']);
        graph.deleted(dependent);
        expect(graph.size).toBe(0);
    });

    it('verifies an owner that it has not seen, until it sees it', () => {
        const { graph, asked } = setup();
        graph.observed(object('b', [reference('a')]), undefined);
        expect(asked()).toEqual(['verify a']);
        expect(graph.get('a')?.virtual).toBe(true);
        graph.observed(object('a'), undefined);
        expect(asked()).toEqual([]);
        expect(graph.get('a')).toMatchObject({ virtual: false });
        expect(graph.get('a')?.dependents.size).toBe(1);
    });

    it('looks at the dependents of an owner that turns out not to exist', () => {
        const { graph, asked } = setup();
        graph.observed(object('b', [reference('a')]), undefined);
        const { identity } = graph.get('a')!;
        asked();
        graph.verifiedAbsent(identity);
        expect(asked()).toEqual(['absent a', 'delete b']);
    });

    it('asks again under the other name when dependents disagree on an unseen owner', () => {
        const { graph, asked } = setup();
        graph.observed(object('b', [reference('wrong', { uid: 'u' })]), undefined);
        graph.observed(object('c', [reference('right', { uid: 'u' })]), undefined);
        asked();
        graph.verifiedAbsent(graph.get('u')!.identity);
        expect(asked()).toEqual(['absent wrong', 'delete b', 'verify right']);
        expect(graph.get('u')?.identity.name).toBe('right');
    });

    it('suspects a dependent that gives a seen owner another name or namespace', () => {
        const { graph, asked } = setup();
        graph.observed(object('a'), undefined);
        graph.observed(object('b', [reference('other', { uid: 'a' })]), undefined);
        expect(asked()).toEqual(['delete b']);
        graph.observed(object('c', [reference('a')], { namespace: 'elsewhere' }), undefined);
        expect(asked()).toEqual(['foreign c', 'delete c']);
    });

    it('starts on the dependents of an owner that is deleted in the foreground', () => {
        const { graph, asked } = setup();
        const owner = object('a');
        graph.observed(owner, undefined);
        graph.observed(object('b', [reference('a', { blockOwnerDeletion: true })]), undefined);
        graph.observed(object('c', [reference('a')]), undefined);
        const going = object('a', [], deleting('foregroundDeletion'));
        graph.observed(going, owner);
        expect(asked()).toEqual(['delete b', 'delete c', 'delete a']);
        expect(blockingDependents(graph.get('a')!).map(({ identity }) => identity.name)).toEqual(['b']);
        graph.observed({ ...going }, going);
        expect(asked()).toEqual([]);
    });

    it('looks at the owner again when a dependent goes or no longer blocks it', () => {
        const { graph, asked } = setup();
        graph.observed(object('a', [], deleting('foregroundDeletion')), undefined);
        const blocking = object('b', [reference('a', { blockOwnerDeletion: true })]);
        graph.observed(blocking, undefined);
        graph.observed(object('c', [reference('a')]), undefined);
        asked();
        graph.observed(object('b', [reference('a')]), blocking);
        expect(asked()).toEqual(['delete a']);
        graph.deleted(object('c', [reference('a')]));
        expect(asked()).toEqual(['delete a', 'absent c']);
    });

    it('orphans when the owner asks for it', () => {
        const { graph, asked } = setup();
        graph.observed(object('a', [], deleting('orphan')), undefined);
        expect(asked()).toEqual(['orphan a']);
    });
});

describe('AbsentOwners', () => {
    it('remembers the last five hundred', () => {
        const absent = new AbsentOwners();
        const of = (n: number) => identityOf(object(`o${n}`));
        for (let n = 0; n < 501; n++) absent.add(of(n));
        expect([absent.has(of(0)), absent.has(of(1)), absent.has(of(500))]).toEqual([false, true, true]);
    });
});
