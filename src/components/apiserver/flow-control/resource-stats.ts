import type { WatchCaches } from '../watch-caches.ts';
import type { ResourceStatsOf } from './work-estimate.ts';

/** Objects looked at for the average size; their bytes are there already. */
const sampleMax = 16;

/** How many objects a resource has, how large they are about, and who watches. */
export function resourceStats(caches: WatchCaches): ResourceStatsOf {
    return (info) => {
        const definition = caches.definitionOf(info);
        // A custom resource that nobody has asked for yet is not in memory.
        if (definition === undefined || !caches.isOpen(definition)) return undefined;
        const cache = caches.cacheOf(definition);
        return {
            objects: cache.objects.size,
            watchers: cache.subscriberCount,
            get averageObjectBytes() {
                let bytes = 0;
                let looked = 0;
                for (const stored of cache.objects.range(cache.root)) {
                    bytes += stored.bytes.length;
                    if (++looked >= sampleMax) break;
                }
                return looked === 0 ? 0 : bytes / looked;
            },
        };
    };
}
