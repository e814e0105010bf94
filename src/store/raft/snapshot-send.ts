import { advanceCommit } from './commit.ts';
import type { Core, MessageOf } from './core.ts';
import type { Leadership } from './leadership.ts';
import type { Progress, SnapshotSending } from './progress.ts';
import { isLastPossible, wireNumber } from './snapshot-chunk-number.ts';
import type { ChunkToRead, SnapshotMeta } from './types.ts';

/**
 * A snapshot for a follower that needs what is compacted:
 *
 *     ask the driver for chunk n ──► send it ──► answer 'next' ──► ask for n + 1 … ──► 'installed': probe
 *              ▲                        │ no answer for long: send again
 *              └── n = 0 ◄── probe ◄────┴── 'restart', failed to read, follower away: give up
 *
 * After giving up the next sign of life of the follower begins anew. The transfer lives in the leadership, so
 * what the driver reads for an earlier term goes nowhere.
 */
export function startSnapshot(core: Core, progress: Progress): void {
    const { leadership } = core;
    if (leadership === undefined || isAway(core, progress)) {
        giveUp(core, progress);
        return;
    }
    const reading: ChunkToRead = { to: progress.id, chunk: 0 };
    progress.becomeSnapshot({
        transfer: leadership.snapshotTransfers++,
        reading,
        snapshot: undefined,
        chunk: 0,
        sent: undefined,
        since: core.now,
    });
    core.outbox.chunksToRead.push(reading);
}

export function snapshotChunkRead(
    core: Core,
    request: ChunkToRead,
    result: { snapshot: SnapshotMeta; data: Buffer; last: boolean } | 'failed',
): void {
    const progress = core.leadership?.progress.get(request.to);
    const sending = progress?.sending;
    if (progress === undefined || sending === undefined || sending.reading !== request) return;
    if (result === 'failed' || !fits(core, sending, result)) {
        giveUp(core, progress);
        return;
    }
    sending.reading = undefined;
    sending.snapshot = result.snapshot;
    sending.since = core.now;
    sending.sent = {
        type: 'snapshotChunk',
        snapshot: result.snapshot,
        chunk: wireNumber(sending.transfer, sending.chunk),
        data: result.data,
        last: result.last,
    };
    core.send(progress.id, sending.sent);
}

/** The first chunk must reach into the kept log, the others continue the same state. */
function fits(
    core: Core,
    sending: SnapshotSending,
    result: { snapshot: SnapshotMeta; last: boolean },
): boolean {
    const { snapshot, last } = result;
    if (isLastPossible(sending.chunk) && !last) return false;
    if (sending.snapshot !== undefined) {
        return snapshot.index === sending.snapshot.index && snapshot.term === sending.snapshot.term;
    }
    const { log } = core;
    return (
        snapshot.index > 0 && snapshot.index <= log.committed && log.termAt(snapshot.index) === snapshot.term
    );
}

export function handleSnapshotReply(
    core: Core,
    leadership: Leadership,
    message: MessageOf<'snapshotReply'>,
): void {
    const progress = leadership.progress.get(message.from);
    if (progress === undefined) return;
    progress.heardAt = core.now;
    const { sending } = progress;
    if (sending?.sent?.chunk !== message.chunk || sending.snapshot?.index !== message.index) return;
    switch (message.status) {
        case 'next':
            if (!sending.sent.last) askForNext(core, progress, sending);
            break;
        case 'restart':
            giveUp(core, progress);
            break;
        case 'installed':
            progress.acknowledged(message.index);
            progress.becomeProbe();
            advanceCommit(core, leadership);
            break;
    }
}

function askForNext(core: Core, progress: Progress, sending: SnapshotSending): void {
    if (sending.snapshot === undefined) return;
    sending.chunk++;
    sending.sent = undefined;
    sending.since = core.now;
    sending.reading = { to: progress.id, chunk: sending.chunk, snapshot: sending.snapshot };
    core.outbox.chunksToRead.push(sending.reading);
}

/** Gives up what goes to a follower that is away; sends again what was not answered. */
export function tickSnapshots(core: Core, leadership: Leadership): void {
    for (const progress of leadership.progress.values()) {
        const { sending } = progress;
        if (sending === undefined) continue;
        if (isAway(core, progress)) {
            giveUp(core, progress);
        } else if (sending.sent !== undefined && core.now - sending.since >= core.electionTicks) {
            sending.since = core.now;
            core.send(progress.id, sending.sent);
        }
    }
}

function isAway(core: Core, progress: Progress): boolean {
    return core.now - progress.heardAt >= core.electionTicks;
}

function giveUp(core: Core, progress: Progress): void {
    progress.becomeProbe();
    progress.paused = true;
    progress.movedAt = core.now;
}
