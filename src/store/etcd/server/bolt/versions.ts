import { encode } from '../../proto/message.ts';
import { keyValue } from '../../proto/messages.ts';
import { keyMax, StoreError, type Store, type StoreEvent, type WatchBatch } from '../../../store.ts';
import type { LeafElement } from './page.ts';
import { revisionKey } from './revision-key.ts';

const pageKeysMax = 1_000;
const readsAtOnce = 64;
/** Events that are held while their pages are written. */
const heldBytesMax = 8 * 1024 * 1024;
const stallTimeoutMs = 60_000;

/** The store up to one revision: what compaction left of the past, and everything since. */
export interface Cut {
    /** The state at this revision, and all that happened after it. */
    from: number;
    to: number;
}

export function cutOf(store: Store): Cut {
    return { from: Math.max(store.compactedRevision, 1), to: store.revision };
}

/** All versions of the cut in the order of their revisions. Throws 'compacted' when the store forgets too early. */
export async function* versions(store: Store, cut: Cut): AsyncGenerator<LeafElement> {
    yield* stateAt(store, cut.from);
    yield* history(store, cut);
}

/** Keys are read twice, first without values: only their order has to be in memory. */
async function* stateAt(store: Store, revision: number): AsyncGenerator<LeafElement> {
    const found: { key: string; modRevision: number; sub: number }[] = [];
    for (let key = '\0'; ;) {
        const page = await store.range({ key, end: keyMax, revision, limit: pageKeysMax, keysOnly: true });
        for (const kv of page.kvs) found.push({ key: kv.key, modRevision: kv.modRevision, sub: 0 });
        const last = page.kvs.at(-1);
        if (last === undefined || page.kvs.length < pageKeysMax) break;
        key = `${last.key}\0`;
    }
    found.sort((a, b) => a.modRevision - b.modRevision || (a.key < b.key ? -1 : 1));
    let previous = 0;
    let sub = 0;
    for (const entry of found) {
        sub = entry.modRevision === previous ? sub + 1 : 0;
        previous = entry.modRevision;
        entry.sub = sub;
    }
    for (let i = 0; i < found.length; i += readsAtOnce) {
        const entries = found.slice(i, i + readsAtOnce);
        const results = await Promise.all(entries.map(({ key }) => store.range({ key, revision })));
        for (const [at, { kvs }] of results.entries()) {
            const kv = kvs[0];
            const entry = entries[at];
            if (kv === undefined || entry === undefined) throw new StoreError('corrupt', 'a key is missing');
            yield { key: revisionKey(entry.modRevision, entry.sub), value: encode(keyValue, kv) };
        }
    }
}

/** Events after `from`, up to `to`, read in portions. */
async function* history(store: Store, { from, to }: Cut): AsyncGenerator<LeafElement> {
    let next = from + 1;
    while (next <= to) {
        const portion = await readPortion(store, next, to);
        next = portion.next;
        for (const batch of portion.batches) {
            for (const [sub, event] of batch.events.entries()) yield versionOf(batch.revision, sub, event);
        }
    }
}

function versionOf(revision: number, sub: number, { type, kv }: StoreEvent): LeafElement {
    if (type === 'delete') {
        return { key: revisionKey(revision, sub, true), value: encode(keyValue, { key: kv.key }) };
    }
    return { key: revisionKey(revision, sub), value: encode(keyValue, kv) };
}

interface Portion {
    batches: WatchBatch[];
    next: number;
}

/** Watches from `start` until `to` is reached, or enough is held. */
async function readPortion(store: Store, start: number, to: number): Promise<Portion> {
    const batches: WatchBatch[] = [];
    let bytes = 0;
    let stop = (): void => undefined;
    const next = await new Promise<number>((resolve, reject) => {
        const onBatch = (batch: WatchBatch): void => {
            if (batch.revision > to) {
                resolve(to + 1);
                return;
            }
            batches.push(batch);
            for (const { kv } of batch.events) bytes += kv.key.length + kv.value.length;
            if (batch.revision === to || bytes >= heldBytesMax) {
                const { revision } = batch;
                resolve(revision + 1);
            }
        };
        const watch = store.watch({ key: '\0', end: keyMax, startRevision: start }, onBatch, reject);
        // The newest revisions may be without events.
        const timer = setInterval(() => {
            if (watch.revision >= to) resolve(to + 1);
        }, 20);
        const timeout = setTimeout(() => {
            reject(new StoreError('timeout', 'reading history takes too long'));
        }, stallTimeoutMs);
        stop = () => {
            watch.cancel();
            clearInterval(timer);
            clearTimeout(timeout);
        };
    }).finally(() => {
        stop();
    });
    return { batches: batches.filter(({ revision }) => revision < next), next };
}
