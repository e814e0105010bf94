import { describe, expect, it } from '@jest/globals';
import { prefixEnd } from '../store.ts';
import { covers, WatcherIndex, type Covered } from './watcher-index.ts';

describe('the index of watchers', () => {
    const watchers: Covered[] = [
        { key: '/registry/pods/a', end: undefined },
        { key: '/registry/pods/', end: prefixEnd('/registry/pods/') },
        { key: '/registry/', end: prefixEnd('/registry/') },
        { key: '/', end: prefixEnd('/') },
        { key: '/registry/po', end: prefixEnd('/registry/po') },
        { key: '/registry/pods/a', end: prefixEnd('/registry/pods/a') },
        { key: '/registry/nodes/', end: '/registry/pods/b' },
        { key: '/é', end: prefixEnd('/é') },
    ];
    const keys = [
        '/registry/pods/a',
        '/registry/pods/ab',
        '/registry/pods/',
        '/registry/nodes/x',
        '/other',
        '/éx',
        'x',
    ];

    it('finds exactly the watchers that cover a key', () => {
        const index = new WatcherIndex<Covered>();
        for (const watcher of watchers) index.add(watcher);
        for (const key of keys) {
            const found = new Set<Covered>();
            index.forEach(key, (watcher) => found.add(watcher));
            expect(found).toEqual(new Set(watchers.filter((watcher) => covers(watcher, key))));
        }
    });

    it('finds nobody when all have gone, also of several with the same prefix', () => {
        const index = new WatcherIndex<Covered>();
        const twins = [...watchers, ...watchers.map((watcher) => ({ ...watcher }))];
        for (const watcher of twins) index.add(watcher);
        for (const watcher of twins) index.delete(watcher);
        for (const key of keys) {
            index.forEach(key, () => {
                throw new Error('found one');
            });
        }
    });
});
