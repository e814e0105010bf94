import type { Disk } from '../disk/disk.ts';
import type { KeyValue, WatchBatch } from '../store.ts';
import { eventOf } from './event.ts';
import type { History, StagedTxn } from './history.ts';
import { versionBefore } from './key-index.ts';
import { keyOfRecord, recordRange } from './record.ts';
import type { Reader } from './reader.ts';
import { covers, type Covered } from './watcher-index.ts';

export interface HistorySources {
    disk: Disk;
    history: History;
    reader: Reader;
}

/** Which events a watch is about, and what it wants to know of them. */
export interface Watched extends Covered {
    readonly previous: boolean;
    readonly noPut: boolean;
    readonly noDelete: boolean;
}

/**
 * Yields what happened to the covered keys from `start` up to what is applied at the time of the call: first
 * what is on disk, in chunks, then what is in memory only.
 */
export async function* readHistory(
    watched: Watched,
    start: number,
    sources: HistorySources,
): AsyncGenerator<WatchBatch> {
    const { disk, history, reader } = sources;
    const applied = history.applied;
    const inMemory = history.unpersistedFrom(start).filter((txn) => txn.revision <= applied);
    const diskEnd = inMemory[0]?.revision ?? applied + 1;
    let open: WatchBatch | undefined;
    for await (const entries of disk.scan(recordRange(start, Math.max(diskEnd, start)))) {
        const done: WatchBatch[] = [];
        for (const [recordKey, bytes] of entries) {
            // Filters before it decodes: most records concern others.
            if (!covers(watched, keyOfRecord(recordKey))) continue;
            const record = reader.whole(recordKey, bytes);
            if (record.tombstone ? watched.noDelete : watched.noPut) continue;
            if (open?.revision !== record.revision) {
                if (open !== undefined) done.push(open);
                open = { revision: record.revision, events: [] };
            }
            open.events.push(eventOf(record.revision, record));
        }
        if (watched.previous) await addPrevious(done, sources);
        yield* done;
    }
    const rest = open === undefined ? [] : [open];
    for (const txn of inMemory) {
        const batch = batchOf(txn, watched);
        if (batch.events.length > 0) rest.push(batch);
    }
    if (watched.previous) await addPrevious(rest, { disk, history, reader });
    yield* rest;
}

function batchOf({ revision, writes }: StagedTxn, watched: Watched): WatchBatch {
    const wanted = writes.filter(
        ({ key, tombstone }) => covers(watched, key) && !(tombstone ? watched.noDelete : watched.noPut),
    );
    return { revision, events: wanted.map((write) => eventOf(revision, write)) };
}

/** Adds the versions before, as far as they are not compacted. */
async function addPrevious(
    batches: readonly WatchBatch[],
    { history, reader }: HistorySources,
): Promise<void> {
    const toLoad: KeyValue[] = [];
    for (const event of batches.flatMap(({ events }) => events)) {
        const entry = history.index.get(event.kv.key);
        const revision = entry === undefined ? 0 : versionBefore(entry, event.kv.modRevision);
        if (entry === undefined || revision === 0) continue;
        event.previous = reader.version(entry, revision);
        toLoad.push(event.previous);
    }
    await reader.load(toLoad);
}
