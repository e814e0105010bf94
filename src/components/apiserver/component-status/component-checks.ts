import type { Store } from '../../../store/store.ts';
import { type CheckOutcome, checkOverHttps } from './http-check.ts';

/** Components of which `kubectl get componentstatuses` tells, in this order. */
export type ComponentChecks = Readonly<Record<string, (signal: AbortSignal) => Promise<CheckOutcome>>>;

export type NeighbourName = 'controller-manager' | 'scheduler';
/** Upstream's ports. */
const ports: Readonly<Record<NeighbourName, number>> = { 'controller-manager': 10_257, scheduler: 10_259 };
/** Upstream's bound on a question to etcd. */
const storeTimeoutMs = 2_000;

export interface ComponentCheckOptions {
    store: Store;
    /** Those that this process runs itself: whether they run. Others are asked at their port. */
    inProcess?: () => Readonly<Record<NeighbourName, boolean | undefined>>;
}

export function componentChecks({ store, inProcess }: ComponentCheckOptions): ComponentChecks {
    const neighbour = (name: NeighbourName) => async (signal: AbortSignal) => {
        const runs = inProcess?.()[name];
        if (runs === undefined) return await checkOverHttps({ port: ports[name] }, signal);
        return runs
            ? ({ health: 'healthy', message: 'ok' } as const)
            : ({ health: 'unhealthy', message: 'not started' } as const);
    };
    return {
        'etcd-0': async () => await checkStore(store),
        'controller-manager': neighbour('controller-manager'),
        scheduler: neighbour('scheduler'),
    };
}

/** The store is well when it can say what is newest: with several members a majority has to answer. */
async function checkStore(store: Store): Promise<CheckOutcome> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
            reject(new Error('context deadline exceeded'));
        }, storeTimeoutMs);
    });
    try {
        await Promise.race([store.readIndex(), tooLong]);
        return { health: 'healthy', message: 'ok' };
    } catch (error) {
        return {
            health: 'unhealthy',
            message: '',
            error: error instanceof Error ? error.message : String(error),
        };
    } finally {
        clearTimeout(timer);
    }
}
