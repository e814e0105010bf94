import { systemClock } from '../util/clock.ts';
import type { Cluster } from './cluster.ts';
import type { Disk } from './disk/disk.ts';
import { namingDirectory } from './disk/disk-error.ts';
import { openLevelDisk } from './disk/open-disk.ts';
import { defaultAutoCompaction } from './mvcc/auto-compaction.ts';
import { Measurements } from './measurements.ts';
import { MvccStore } from './mvcc/mvcc-store.ts';
import { recover } from './mvcc/recover.ts';
import { loadOrBootstrap } from './member/first-start.ts';
import { leaseForwarding } from './member/lease-request.ts';
import { MemberCluster } from './member/member-cluster.ts';
import type { MemberOptions } from './member/options.ts';
import { OwnEntry } from './member/own-entry.ts';
import { RunningMember } from './member/running-member.ts';
import { StoreError, type Store } from './store.ts';

export { MemberError, type InitialMember, type JoinOptions, type MemberOptions } from './member/options.ts';

/** A store that is one member of a cluster, be it of one. */
export interface Member {
    readonly store: Store;
    readonly cluster: Cluster;
    /** Hands leadership over when it has it, closes the store and the transport. */
    close(): Promise<void>;
}

/**
 * Opens a member's store and begins to take part in its cluster; does not wait for a leader. Rejects with
 * StoreError as a store that cannot be opened, and with MemberError.
 */
export async function openMember(options: MemberOptions): Promise<Member> {
    const { directory, logger } = options;
    let disk = options.disk;
    try {
        disk ??= await openLevelDisk(directory, logger);
        return await openOn(disk, options);
    } catch (error) {
        await disk?.close();
        await options.transport?.close();
        throw options.disk === undefined ? namingDirectory(error, directory) : error;
    }
}

async function openOn(disk: Disk, options: MemberOptions): Promise<Member> {
    const { logger, transport, clock = systemClock, random = Math.random, onStopped } = options;
    const loaded = await loadOrBootstrap(disk, options);
    const measurements = new Measurements();
    const running = new RunningMember({
        disk,
        directory: options.disk === undefined ? options.directory : undefined,
        loaded,
        transport,
        clock,
        logger,
        random,
        measurements,
        logTuning: options.logTuning,
        onStopped: (error) => onStopped?.(error),
        onRequest: async (from, method, body) => await cluster.onRequest(from, method, body),
    });
    const { startsAlone } = running;
    const store = new MvccStore({
        disk,
        recovered: await recover(disk, { exact: !startsAlone }),
        logger,
        clock,
        autoCompaction: options.autoCompaction ?? defaultAutoCompaction,
        createLog: running.createLog(),
        leading: startsAlone,
        askLeader: leaseForwarding(() => running.status().leader, transport),
        ...(options.quotaBytes !== undefined && { quotaBytes: options.quotaBytes }),
        memberId: running.identity.memberId,
        measurements,
    });
    const cluster: MemberCluster = new MemberCluster({
        member: running,
        store,
        transport,
        clock,
        measurements,
        beforeGrowing: options.beforeGrowing,
    });
    const member = new OpenMember({ running, store, cluster, options });
    try {
        await running.start(store);
    } catch (error) {
        await member.close();
        throw error;
    }
    member.settle();
    return member;
}

interface Parts {
    running: RunningMember;
    store: MvccStore;
    cluster: MemberCluster;
    options: MemberOptions;
}

class OpenMember implements Member {
    readonly store: Store;
    readonly cluster: Cluster;
    readonly #parts: Parts;
    #ownEntry: OwnEntry | undefined;
    #closing: Promise<void> | undefined;

    constructor(parts: Parts) {
        this.#parts = parts;
        this.store = parts.store;
        this.cluster = parts.cluster;
    }

    /** What is done in the background after a start. */
    settle(): void {
        const { running, cluster, options } = this.#parts;
        const { name, peerUrls, clientUrls, join, logger, clock = systemClock } = options;
        this.#ownEntry = new OwnEntry({
            cluster,
            wanted: { name, peerUrls, clientUrls },
            promote: join?.promote === true,
            clock,
            logger,
        });
        if (options.campaign === true) running.log?.campaign();
        if (!running.isSoleMember || running.startsAlone) return;
        running.becomeAlone().catch((error: unknown) => {
            if (error instanceof StoreError && error.reason === 'closed') return;
            logger.warn({ err: error }, 'the store keeps its log for now');
        });
    }

    async close(): Promise<void> {
        this.#closing ??= this.#close();
        await this.#closing;
    }

    async #close(): Promise<void> {
        const { running, store, cluster } = this.#parts;
        this.#ownEntry?.stop();
        await this.#handOver();
        cluster.close();
        await store.close();
        await running.close();
    }

    /** Spares the others an election timeout. */
    async #handOver(): Promise<void> {
        const { running, cluster, options } = this.#parts;
        const { transport, clock = systemClock } = options;
        const status = running.log?.status;
        if (status?.role !== 'leader') return;
        const voters = new Set(status.membership.voters);
        const heirs = status.progress.filter(
            ({ id, active, state }) =>
                id !== cluster.memberId &&
                active &&
                state === 'replicate' &&
                voters.has(id) &&
                transport?.roundTripMs(id) !== undefined,
        );
        const [heir] = heirs.sort((a, b) => b.match - a.match);
        if (heir === undefined) return;
        const done = cluster.transferLeadership(heir.id).catch(() => undefined);
        await Promise.race([
            done,
            new Promise<void>((resolve) => {
                clock.setTimer(handOverMaxMs, resolve);
            }),
        ]);
    }
}

/** A leader that is closed waits so long for another one to take over. */
const handOverMaxMs = 1_000;
