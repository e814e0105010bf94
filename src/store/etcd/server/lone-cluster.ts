import {
    ClusterError,
    type Alarm,
    type Cluster,
    type ClusterMember,
    type MemberStatus,
} from '../../cluster.ts';
import type { MemberId } from '../../raft/types.ts';
import type { Store } from '../../store.ts';
import { clusterIdOf, memberIdOf } from './member-id.ts';

export interface LoneClusterOptions {
    store: Store;
    name: string;
    peerUrls: readonly string[];
    clientUrls: readonly string[];
    clusterToken: string;
}

/**
 * The cluster of a store that has no others: one member, which leads. It can be administered as far as that
 * makes sense; members cannot be added. Alarms are kept in memory.
 */
export class LoneCluster implements Cluster {
    readonly clusterId: string;
    readonly memberId: MemberId;
    readonly #store: Store;
    readonly #listeners = new Set<() => void>();
    #member: ClusterMember;
    #alarms: readonly Alarm[] = [];

    constructor({ store, name, peerUrls, clientUrls, clusterToken }: LoneClusterOptions) {
        this.#store = store;
        this.memberId = memberIdOf(peerUrls, clusterToken);
        this.clusterId = clusterIdOf([this.memberId]);
        this.#member = { id: this.memberId, name, peerUrls, clientUrls, isLearner: false };
    }

    members(): readonly ClusterMember[] {
        return [this.#member];
    }

    async status(): Promise<MemberStatus> {
        const sizeBytes = await this.#store.sizeBytes();
        const index = this.#store.revision;
        return {
            leader: this.memberId,
            term: 2,
            commitIndex: index,
            appliedIndex: index,
            isLearner: false,
            sizeBytes,
            sizeInUseBytes: sizeBytes,
            errors: this.#alarms.map(
                ({ member, type }) => `memberID:${BigInt(`0x${member}`)} alarm:${type} `,
            ),
        };
    }

    addMember(): Promise<ClusterMember> {
        return Promise.reject(new ClusterError('unhealthy', 'this store is not replicated'));
    }

    removeMember(id: MemberId): Promise<void> {
        return Promise.reject(
            id === this.memberId
                ? new ClusterError('unhealthy', 'the only member cannot be removed')
                : new ClusterError('memberNotFound', `there is no member ${id}`),
        );
    }

    promoteMember(id: MemberId): Promise<void> {
        return Promise.reject(
            id === this.memberId
                ? new ClusterError('notLearner', `member ${id} is no learner`)
                : new ClusterError('memberNotFound', `there is no member ${id}`),
        );
    }

    updateMember(
        id: MemberId,
        change: Partial<Pick<ClusterMember, 'name' | 'peerUrls' | 'clientUrls'>>,
    ): Promise<void> {
        if (id !== this.memberId) {
            return Promise.reject(new ClusterError('memberNotFound', `there is no member ${id}`));
        }
        this.#member = { ...this.#member, ...change };
        this.#changed();
        return Promise.resolve();
    }

    transferLeadership(to: MemberId): Promise<void> {
        return to === this.memberId
            ? Promise.resolve()
            : Promise.reject(new ClusterError('badTransferee', `there is no member ${to}`));
    }

    alarms(): readonly Alarm[] {
        return this.#alarms;
    }

    setAlarm(alarm: Alarm, active: boolean): Promise<void> {
        const others = this.#alarms.filter(
            ({ member, type }) => member !== alarm.member || type !== alarm.type,
        );
        this.#alarms = active ? [...others, alarm] : others;
        this.#changed();
        return Promise.resolve();
    }

    onChange(listener: () => void): () => void {
        this.#listeners.add(listener);
        return () => {
            this.#listeners.delete(listener);
        };
    }

    #changed(): void {
        for (const listener of [...this.#listeners]) listener();
    }
}
