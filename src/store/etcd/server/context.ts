import type { Cluster } from '../../cluster.ts';
import type { Store } from '../../store.ts';
import type { Init } from '../proto/message.ts';
import type { responseHeader } from '../proto/messages.ts';
import type { Decoded } from '../proto/message.ts';

export type Header = Init<Decoded<typeof responseHeader>>;

/** What all services need: the store, the cluster, and the header of every response. */
export class EtcdContext {
    readonly store: Store;
    readonly cluster: Cluster;
    #term = 0;
    #leader = '';
    readonly #unsubscribe: () => void;
    readonly #leaderLost = new Set<() => void>();
    leaderChanges = 0;

    private constructor(store: Store, cluster: Cluster) {
        this.store = store;
        this.cluster = cluster;
        this.#unsubscribe = cluster.onChange(() => {
            this.#refresh().catch(() => undefined);
        });
    }

    static async create(store: Store, cluster: Cluster): Promise<EtcdContext> {
        const context = new EtcdContext(store, cluster);
        await context.#refresh();
        return context;
    }

    get leader(): string {
        return this.#leader;
    }

    /** The header of a response about `revision`. */
    header(revision = this.store.revision): Header {
        const { clusterId, memberId } = this.cluster;
        return { clusterId, memberId, revision, raftTerm: this.#term };
    }

    /** `listener` is called when there is no leader any more; returns how to stop. */
    onLeaderLost(listener: () => void): () => void {
        this.#leaderLost.add(listener);
        return () => {
            this.#leaderLost.delete(listener);
        };
    }

    close(): void {
        this.#unsubscribe();
    }

    async #refresh(): Promise<void> {
        const { term, leader } = await this.cluster.status();
        const before = this.#leader;
        this.#term = term;
        this.#leader = leader;
        if (leader !== '' && leader !== before) this.leaderChanges += 1;
        if (leader === '' && before !== '') for (const listener of [...this.#leaderLost]) listener();
    }
}
