import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import type { CacheCounts, WatchCache } from '../cache/watch-cache.ts';
import type { WatchCaches } from '../watch-caches.ts';

interface Counter {
    name: string;
    help: string;
    of: keyof CacheCounts;
    /** Labels besides group and resource. */
    more?: Readonly<Record<string, string>>;
}

const counters: readonly Counter[] = [
    {
        name: 'apiserver_watch_cache_initializations_total',
        help: 'Counter of watch cache initializations broken by resource type.',
        of: 'initializations',
    },
    {
        name: 'apiserver_watch_cache_events_received_total',
        help: 'Counter of events received in watch cache broken by resource type.',
        of: 'received',
    },
    {
        name: 'apiserver_watch_cache_events_dispatched_total',
        help: 'Counter of events dispatched in watch cache broken by resource type.',
        of: 'dispatched',
    },
    {
        name: 'apiserver_init_events_total',
        help: 'Counter of init events processed in watch cache broken by resource type.',
        of: 'initEvents',
    },
    {
        name: 'apiserver_cache_list_total',
        help: 'Number of LIST requests served from watch cache',
        of: 'lists',
        more: { index: '' },
    },
    {
        name: 'apiserver_cache_list_fetched_objects_total',
        help: 'Number of objects read from watch cache in the course of serving a LIST request',
        of: 'fetched',
        more: { index: '' },
    },
    {
        name: 'apiserver_cache_list_returned_objects_total',
        help: 'Number of objects returned for a LIST request from watch cache',
        of: 'returned',
    },
];

/** What the watch caches have done, by resource. */
export function watchCacheMetrics(caches: WatchCaches): Metric[] {
    const open = [...openCaches(caches)];
    const labelsOf = ({ definition: { group, plural } }: WatchCache) => ({ group, resource: plural });
    const capacity: Metric = {
        name: 'apiserver_watch_cache_capacity',
        help: 'Total capacity of watch cache broken by resource type.',
        type: 'gauge',
        samples: open.map((cache) => ({ labels: labelsOf(cache), value: cache.capacity })),
    };
    return [
        capacity,
        ...counters.map(({ name, help, of, more = {} }): Metric => {
            const counted = open.filter(({ counts }) => counts[of] > 0);
            const samples = counted.map((cache) => ({
                labels: { ...labelsOf(cache), ...more },
                value: cache.counts[of],
            }));
            return { name, help, type: 'counter', samples };
        }),
    ];
}

/** Each once, although versions of a resource share one. */
function openCaches(caches: WatchCaches): Set<WatchCache> {
    const listed = caches.definitions().filter(({ verbs }) => verbs.includes('list'));
    return new Set(
        listed
            .filter((definition) => caches.isOpen(definition))
            .map((definition) => caches.cacheOf(definition)),
    );
}
