import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { ClusterError, type Cluster, type ClusterMember } from '../cluster.ts';
import type { MemberAttributes } from './member-list.ts';

/** Between two attempts to bring the own entry in order. */
const retryMs = 500;

export interface OwnEntryOptions {
    cluster: Cluster;
    wanted: Required<MemberAttributes>;
    /** Become a voter as soon as caught up. */
    promote: boolean;
    clock: Clock;
    logger: Logger;
}

/**
 * Brings what the cluster knows of this member up to date: its name and addresses, which say that it has started;
 * and, for one that joined to vote, its role. Goes on trying until it is done or stopped.
 */
export class OwnEntry {
    readonly #options: OwnEntryOptions;
    #cancel: (() => void) | undefined;
    #stopped = false;

    constructor(options: OwnEntryOptions) {
        this.#options = options;
        void this.#attempt();
    }

    stop(): void {
        this.#stopped = true;
        this.#cancel?.();
    }

    async #attempt(): Promise<void> {
        const { cluster, clock, logger, wanted, promote } = this.#options;
        const id = cluster.memberId;
        try {
            const own = cluster.members().find((member) => member.id === id);
            if (own !== undefined && !isSame(own, wanted)) await cluster.updateMember(id, wanted);
            else if (own?.isLearner === true && promote) await cluster.promoteMember(id);
            else if (own !== undefined) return;
        } catch (error) {
            if (!(error instanceof ClusterError && error.reason === 'learnerNotReady')) {
                logger.debug({ err: error }, "this member's entry is not up to date yet");
            }
        }
        if (this.#stopped) return;
        this.#cancel = clock.setTimer(retryMs, () => void this.#attempt());
    }
}

function isSame(member: ClusterMember, wanted: Required<MemberAttributes>): boolean {
    const { name, peerUrls, clientUrls } = wanted;
    return (
        member.name === name &&
        isSameList(member.peerUrls, peerUrls) &&
        isSameList(member.clientUrls, clientUrls)
    );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
    return a.length === b.length && a.every((item, i) => item === b[i]);
}
