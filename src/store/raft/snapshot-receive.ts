import { assert } from '../../util/assert.ts';
import { hearLeader } from './append.ts';
import type { Core, MessageOf } from './core.ts';
import { chunkOf, transferOf, wireNumber } from './snapshot-chunk-number.ts';
import type { ChunkToStore, MemberId, SnapshotMeta } from './types.ts';

/** A snapshot that this member is being sent. */
export interface SnapshotReceiving {
    from: MemberId;
    term: number;
    transfer: number;
    snapshot: SnapshotMeta;
    /** The chunk that comes next; the one before is stored. */
    next: number;
    /** What the driver is storing. */
    storing: ChunkToStore | undefined;
    /** The last chunk is being stored: log and state are about to be replaced, nothing may be appended. */
    installing: boolean;
}

export function handleSnapshotChunk(core: Core, message: MessageOf<'snapshotChunk'>): void {
    if (!hearLeader(core, message.from) || core.receiving?.installing === true) return;
    if (alreadyHas(core, message.snapshot)) {
        core.receiving = undefined;
        core.log.commitTo(message.snapshot.index);
        reply(core, message, 'installed');
        return;
    }
    const chunk = chunkOf(message.chunk);
    const receiving = continued(core, message);
    if (receiving === undefined || chunk > receiving.next) {
        reply(core, message, 'restart');
    } else if (chunk < receiving.next) {
        // The answer was lost, perhaps.
        reply(core, message, 'next');
    } else if (receiving.storing === undefined) {
        store(core, receiving, message);
    }
}

/** Committed up to there, or the entry is in the log: then all before it is too (log matching). */
function alreadyHas(core: Core, snapshot: SnapshotMeta): boolean {
    return snapshot.index <= core.log.committed || core.log.termAt(snapshot.index) === snapshot.term;
}

/** The transfer that the chunk belongs to: the one under way, or a new one when it is a first chunk. */
function continued(core: Core, message: MessageOf<'snapshotChunk'>): SnapshotReceiving | undefined {
    const { from, term, snapshot, chunk } = message;
    const transfer = transferOf(chunk);
    const current = core.receiving;
    if (
        current?.from === from &&
        current.term === term &&
        current.transfer === transfer &&
        current.snapshot.index === snapshot.index
    ) {
        return current;
    }
    if (chunkOf(chunk) !== 0) return undefined;
    core.receiving = { from, term, transfer, snapshot, next: 0, storing: undefined, installing: false };
    return core.receiving;
}

function store(core: Core, receiving: SnapshotReceiving, message: MessageOf<'snapshotChunk'>): void {
    const { from, snapshot, data, last } = message;
    receiving.storing = { from, snapshot, chunk: receiving.next, data, last };
    receiving.installing = last;
    core.outbox.chunksToStore.push(receiving.storing);
}

export function snapshotChunkStored(
    core: Core,
    request: ChunkToStore,
    result: 'stored' | 'installed' | 'failed',
): void {
    const { receiving } = core;
    if (receiving?.storing !== request) return;
    receiving.storing = undefined;
    const { snapshot, transfer } = receiving;
    switch (result) {
        case 'stored':
            assert(!request.last, 'the last chunk installs the snapshot');
            receiving.next++;
            break;
        case 'installed':
            assert(request.last, 'only the last chunk installs the snapshot');
            core.receiving = undefined;
            install(core, snapshot);
            break;
        case 'failed':
            core.receiving = undefined;
            break;
    }
    if (core.term !== receiving.term) return;
    const status = ({ stored: 'next', installed: 'installed', failed: 'restart' } as const)[result];
    const chunk = wireNumber(transfer, request.chunk);
    core.send(receiving.from, { type: 'snapshotReply', index: snapshot.index, chunk, status });
}

function install(core: Core, snapshot: SnapshotMeta): void {
    core.log.reset(snapshot.index, snapshot.term);
    core.memberships.reset(snapshot.index, snapshot.membership);
    core.writes.truncateFrom(0);
    // The disk was replaced: it shall know term and vote again.
    core.givenHardState = undefined;
}

function reply(
    core: Core,
    message: MessageOf<'snapshotChunk'>,
    status: 'next' | 'restart' | 'installed',
): void {
    const { chunk, snapshot } = message;
    core.sendAfterPersist(message.from, { type: 'snapshotReply', index: snapshot.index, chunk, status });
}
