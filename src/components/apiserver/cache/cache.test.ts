import { describe, expect, it } from '@jest/globals';
import { StoredObject } from '../stored-object.ts';
import { CacheEvent } from './cache-event.ts';
import { EventRing } from './event-ring.ts';
import { SortedObjects } from './sorted-objects.ts';

const object = (key: string, revision = 1): StoredObject =>
    StoredObject.encode(key, { kind: 'T', apiVersion: 'v1', metadata: { name: key } }, revision);
const event = (revision: number): CacheEvent =>
    new CacheEvent('ADDED', revision, { object: object(`k${revision}`, revision), previous: undefined });

describe('sorted objects', () => {
    it('give ranges of a prefix in key order, from any key on', () => {
        const objects = new SortedObjects();
        for (const key of ['b/2', 'a/1', 'b/1', 'c/1', 'b/3']) objects.set(key, object(key));
        const keys = (prefix: string, start?: string): string[] =>
            [...objects.range(prefix, start)].map((stored) => stored.key);
        expect(keys('b/')).toEqual(['b/1', 'b/2', 'b/3']);
        expect(keys('b/', 'b/1\0')).toEqual(['b/2', 'b/3']);
        expect(objects.count('b/', 'b/2')).toBe(2);
        objects.delete('b/2');
        objects.set('b/1', object('b/1', 2));
        expect(keys('b/')).toEqual(['b/1', 'b/3']);
        expect(objects.get('b/1')?.revision).toBe(2);
        expect(objects.size).toBe(4);
    });
});

describe('the ring of events', () => {
    it('forgets the oldest events and knows after which revision a watch may start', () => {
        const ring = new EventRing({ events: 2, bytes: 1e6 }, 10);
        expect(ring.oldest).toBe(10);
        for (const revision of [11, 14, 15]) ring.push(event(revision));
        expect(ring.oldest).toBe(11);
        expect(ring.after(11).map(({ revision }) => revision)).toEqual([14, 15]);
        expect(ring.after(14).map(({ revision }) => revision)).toEqual([15]);
        expect(ring.after(15)).toEqual([]);
    });

    it('keeps within its bytes, but always the newest event', () => {
        const ring = new EventRing({ events: 100, bytes: 1 }, 0);
        for (let revision = 1; revision <= 50; revision++) ring.push(event(revision));
        expect(ring.size).toBe(1);
        expect(ring.oldest).toBe(49);
        expect(ring.after(49).map(({ revision }) => revision)).toEqual([50]);
    });
});

describe('a cache event', () => {
    it('makes the bytes of one variant once for all watchers', () => {
        const shared = event(1);
        let made = 0;
        const make = (): Buffer => Buffer.from(String(++made));
        expect(shared.frame('a', make)).toBe(shared.frame('a', make));
        expect(shared.frame('b', make).toString()).toBe('2');
        shared.dropFrames();
        expect(shared.frame('a', make).toString()).toBe('3');
    });
});
