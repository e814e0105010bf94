import type { Logger } from '../../../util/logger.ts';
import type { Disk } from '../../disk/disk.ts';
import type { ChunkToRead, ChunkToStore, HardState, MemberId, SnapshotMeta } from '../../raft/types.ts';
import { SnapshotReceiver } from '../../snapshot/snapshot-receiver.ts';
import {
    openSnapshotSource,
    type SnapshotPosition,
    type SnapshotSource,
} from '../../snapshot/snapshot-source.ts';
import type { AppliedRecord, MemberIdentity, MemberList } from '../raft-records.ts';

export interface SnapshotTransfersOptions {
    disk: Disk;
    /** Of the database; undefined for a memory disk. */
    directory: string | undefined;
    identity: MemberIdentity;
    logger: Logger;
    /** Brings what is applied to the disk. */
    flush: () => Promise<void>;
    /** Runs `work` while nothing is applied or written. */
    runExclusive: <T>(work: () => Promise<T>) => Promise<T>;
    hardState: () => HardState;
    /** The database holds the snapshot now; still exclusive. */
    onInstalled: (state: {
        applied: AppliedRecord;
        memberList: MemberList;
        snapshot: SnapshotMeta;
    }) => Promise<void>;
}

interface Sending {
    source: SnapshotSource;
    position: SnapshotPosition;
}

/** The disk's side of snapshots: chunks for followers that need one, chunks from the leader. */
export class SnapshotTransfers {
    readonly #options: SnapshotTransfersOptions;
    readonly #sending = new Map<MemberId, Sending>();
    #receiver: SnapshotReceiver | undefined;
    #closed = false;

    constructor(options: SnapshotTransfersOptions) {
        this.#options = options;
    }

    /** Index of the oldest state that is being sent: what comes after it in the log will be needed. */
    get neededFrom(): number | undefined {
        let oldest: number | undefined;
        for (const { position } of this.#sending.values()) {
            oldest = Math.min(oldest ?? Infinity, position.meta.index);
        }
        return oldest;
    }

    async read({
        to,
        chunk,
    }: ChunkToRead): Promise<{ snapshot: SnapshotMeta; data: Buffer; last: boolean } | 'failed'> {
        try {
            const sending = chunk === 0 ? await this.#open(to) : this.#sending.get(to);
            if (sending === undefined) return 'failed';
            const { data, last } = await sending.source.read(chunk);
            return { snapshot: sending.position.meta, data, last };
        } catch (error) {
            this.#options.logger.warn({ err: error, to }, 'cannot read the snapshot for a member');
            await this.#end(to);
            return 'failed';
        }
    }

    async store(request: ChunkToStore): Promise<'stored' | 'installed' | 'failed'> {
        try {
            if (request.chunk === 0) await this.#openReceiver();
            const receiver = this.#receiver;
            if (receiver?.nextChunk !== request.chunk) return 'failed';
            await receiver.store(request.data);
            if (!request.last) return 'stored';
            await this.#install(receiver, request.snapshot);
            return 'installed';
        } catch (error) {
            this.#options.logger.error({ err: error, from: request.from }, 'cannot store a snapshot');
            await this.#discard();
            return 'failed';
        }
    }

    /** Lets go of what is sent to nobody any more. */
    keepOnly(receivers: ReadonlySet<MemberId>): void {
        for (const to of this.#sending.keys()) if (!receivers.has(to)) void this.#end(to);
    }

    get isSending(): boolean {
        return this.#sending.size > 0;
    }

    async close(): Promise<void> {
        this.#closed = true;
        for (const to of [...this.#sending.keys()]) await this.#end(to);
        await this.#discard();
    }

    async #open(to: MemberId): Promise<Sending | undefined> {
        await this.#end(to);
        await this.#options.flush();
        if (this.#closed) return undefined;
        const source = await openSnapshotSource(this.#options.disk);
        const { position } = source;
        if (position === undefined) {
            await source.close();
            return undefined;
        }
        const sending = { source, position };
        this.#sending.set(to, sending);
        this.#options.logger.info({ to, index: position.meta.index }, 'sending a snapshot to a member');
        return sending;
    }

    async #end(to: MemberId): Promise<void> {
        const sending = this.#sending.get(to);
        this.#sending.delete(to);
        await sending?.source.close();
    }

    async #openReceiver(): Promise<void> {
        await this.#discard();
        const { directory, logger } = this.#options;
        this.#receiver = await SnapshotReceiver.open({ directory, logger });
    }

    async #install(receiver: SnapshotReceiver, snapshot: SnapshotMeta): Promise<void> {
        const { disk, identity, logger, hardState, onInstalled } = this.#options;
        await this.#options.runExclusive(async () => {
            // Inside, so that no vote is written to the old database after it was copied here.
            const state = await receiver.finish({ identity, hardState: hardState(), snapshot });
            await receiver.install(disk);
            this.#receiver = undefined;
            await onInstalled({ ...state, snapshot });
        });
        logger.info({ index: snapshot.index }, 'snapshot of the leader installed');
    }

    async #discard(): Promise<void> {
        const receiver = this.#receiver;
        this.#receiver = undefined;
        await receiver?.discard();
    }
}
