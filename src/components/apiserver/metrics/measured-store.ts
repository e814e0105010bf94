import type {
    RangeRequest,
    RangeResult,
    Store,
    StoreWatch,
    TxnRequest,
    TxnResult,
} from '../../../store/store.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Histogram, latencyBoundsSeconds } from './histogram.ts';

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete' | 'txn';

/** Pairs of operation and type; types are the resources' prefixes, so there are not many more. */
const seriesMax = 1000;

interface Series {
    operation: Operation;
    type: string;
    histogram: Histogram;
}

/** A store that notes how long its requests take, by operation and by resource. */
export class MeasuredStore implements Store {
    readonly #store: Store;
    readonly #series = new Map<string, Series>();

    constructor(store: Store) {
        this.#store = store;
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
        const startMs = performance.now();
        try {
            return await this.#store.txn(request);
        } finally {
            const [op] = request.success;
            this.#observe(operationOf(request), op !== undefined && 'key' in op ? op.key : '', startMs);
        }
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        const startMs = performance.now();
        try {
            return await this.#store.range(request);
        } finally {
            this.#observe(request.end === undefined ? 'get' : 'list', request.key, startMs);
        }
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
        return [
            {
                name: 'etcd_request_duration_seconds',
                help: 'Etcd request latency in seconds for each operation and object type.',
                type: 'histogram',
                samples: [...this.#series.values()].flatMap(({ operation, type, histogram }) =>
                    histogram.samples({ operation, type }),
                ),
            },
        ];
    }

    #observe(operation: Operation, key: string, startMs: number): void {
        const type = typeOf(key);
        const name = operation + type;
        let series = this.#series.get(name);
        if (series === undefined) {
            if (this.#series.size >= seriesMax) return;
            series = { operation, type, histogram: new Histogram(latencyBoundsSeconds) };
            this.#series.set(name, series);
        }
        series.histogram.observe((performance.now() - startMs) / 1000);
    }
}

function operationOf({ compares, success }: TxnRequest): Operation {
    const [op] = success;
    if (op?.type === 'put') return compares.some(({ value }) => value === 0) ? 'create' : 'update';
    return op?.type === 'delete' ? 'delete' : 'txn';
}

/** "/registry/pods/default/a" is of type "pods". */
function typeOf(key: string): string {
    const start = key.indexOf('/', 1) + 1;
    const end = key.indexOf('/', start);
    return key.slice(start, end < 0 ? undefined : end);
}
