import type {
    RangeRequest,
    RangeResult,
    Store,
    StoreWatch,
    TxnRequest,
    TxnResult,
} from '../../../store/store.ts';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Histogram, latencyBoundsSeconds } from './histogram.ts';

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete' | 'txn';

/** What is asked is known by the resources' prefixes, so there are not many more. */
const seriesMax = 1000;

interface Target {
    group: string;
    resource: string;
}

interface Series {
    labels: Record<'operation' | 'group' | 'resource', string>;
    histogram: Histogram;
    errors: number;
}

type StoredResource = Pick<ResourceDefinition, 'storagePrefix' | 'group' | 'plural' | 'conversion'>;

/** A store that notes how long its requests take, by operation and by resource. */
export class MeasuredStore implements Store {
    readonly #store: Store;
    readonly #series = new Map<string, Series>();
    /** By the prefix in the store. */
    readonly #targets: ReadonlyMap<string, Target>;

    constructor(store: Store, definitions: readonly StoredResource[]) {
        this.#store = store;
        this.#targets = new Map(
            // What is stored as another resource's objects counts as those.
            definitions
                .filter(({ conversion }) => conversion === undefined)
                .map(({ storagePrefix, group, plural }) => [storagePrefix, { group, resource: plural }]),
        );
    }

    get revision(): number {
        return this.#store.revision;
    }

    get compactedRevision(): number {
        return this.#store.compactedRevision;
    }

    get leases(): Store['leases'] {
        return this.#store.leases;
    }

    async txn(request: TxnRequest): Promise<TxnResult> {
        const [op] = request.success;
        const key = op !== undefined && 'key' in op ? op.key : '';
        return await this.#observed(operationOf(request), key, () => this.#store.txn(request));
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        const operation = request.end === undefined ? 'get' : 'list';
        return await this.#observed(operation, request.key, () => this.#store.range(request));
    }

    readIndex(): Promise<number> {
        return this.#store.readIndex();
    }

    watch(...parameters: Parameters<Store['watch']>): StoreWatch {
        return this.#store.watch(...parameters);
    }

    compact(revision: number): Promise<void> {
        return this.#store.compact(revision);
    }

    sizeBytes(): Promise<number> {
        return this.#store.sizeBytes();
    }

    defragment(): Promise<void> {
        return this.#store.defragment();
    }

    hashKv(revision: number): ReturnType<Store['hashKv']> {
        return this.#store.hashKv(revision);
    }

    close(): Promise<void> {
        return this.#store.close();
    }

    metrics(): Metric[] {
        const all = [...this.#series.values()];
        return [
            {
                name: 'etcd_request_duration_seconds',
                help: 'Etcd request latency in seconds for each operation and object type.',
                type: 'histogram',
                samples: all.flatMap(({ labels, histogram }) => histogram.samples(labels)),
            },
            {
                name: 'etcd_requests_total',
                help: 'Etcd request counts for each operation and object type.',
                type: 'counter',
                samples: all.map(({ labels, histogram }) => ({ labels, value: histogram.count })),
            },
            {
                name: 'etcd_request_errors_total',
                help: 'Etcd failed request counts for each operation and object type.',
                type: 'counter',
                samples: all
                    .filter(({ errors }) => errors > 0)
                    .map(({ labels, errors }) => ({ labels, value: errors })),
            },
        ];
    }

    async #observed<T>(operation: Operation, key: string, ask: () => Promise<T>): Promise<T> {
        const startMs = performance.now();
        const series = this.#seriesOf(operation, key);
        try {
            return await ask();
        } catch (error) {
            if (series !== undefined) series.errors++;
            throw error;
        } finally {
            series?.histogram.observe((performance.now() - startMs) / 1000);
        }
    }

    #seriesOf(operation: Operation, key: string): Series | undefined {
        const { group, resource } = this.#targetOf(key);
        const name = `${operation} ${group}/${resource}`;
        let series = this.#series.get(name);
        if (series === undefined) {
            if (this.#series.size >= seriesMax) return undefined;
            const histogram = new Histogram(latencyBoundsSeconds);
            this.#series.set(
                name,
                (series = { labels: { operation, group, resource }, histogram, errors: 0 }),
            );
        }
        return series;
    }

    /** "/registry/pods/default/a" is about pods, "/registry/example.com/foos/default/a" about foos of that group. */
    #targetOf(key: string): Target {
        const first = partOf(key, key.indexOf('/', 1) + 1);
        const known = this.#targets.get(first.text);
        if (known !== undefined) return known;
        const second = partOf(key, first.end + 1);
        const nested = this.#targets.get(`${first.text}/${second.text}`);
        if (nested !== undefined) return nested;
        return first.text.includes('.')
            ? { group: first.text, resource: second.text }
            : { group: '', resource: first.text };
    }
}

function partOf(key: string, start: number): { text: string; end: number } {
    const slash = key.indexOf('/', start);
    const end = slash < 0 ? key.length : slash;
    return { text: key.slice(start, end), end };
}

function operationOf({ compares, success }: TxnRequest): Operation {
    const [op] = success;
    if (op?.type === 'put') return compares.some(({ value }) => value === 0) ? 'create' : 'update';
    return op?.type === 'delete' ? 'delete' : 'txn';
}
