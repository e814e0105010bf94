import { encode } from '../../proto/message.ts';
import { alarmMember, leaseRecord } from '../../proto/messages.ts';
import { StoreError, type Store } from '../../../store.ts';
import type { Cluster } from '../../../cluster.ts';
import { etcdClusterVersion } from '../version.ts';
import { rm } from 'node:fs/promises';
import { BoltFile } from './bolt-file.ts';
import type { LeafElement } from './page.ts';
import { revisionKey } from './revision-key.ts';
import { cutOf, versions } from './versions.ts';

/** A compaction may overtake the reader; then it begins anew. */
const triesMax = 5;

/**
 * Writes store and cluster as a database that etcd can start from, of the form of version 3.5. What is read
 * is the state at one revision, though others write meanwhile. The file must not exist.
 */
export async function writeSnapshotFile(path: string, store: Store, cluster: Cluster): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        try {
            await writeOnce(path, store, cluster);
            return;
        } catch (error) {
            await rm(path, { force: true });
            const overtaken = error instanceof StoreError && error.reason === 'compacted';
            if (!overtaken || attempt === triesMax) throw error;
        }
    }
}

async function writeOnce(path: string, store: Store, cluster: Cluster): Promise<void> {
    const file = await BoltFile.create(path);
    let finished = false;
    try {
        const cut = cutOf(store);
        const compacted = store.compactedRevision;
        await file.addBucket('key', versions(store, cut));
        await file.addBucket('meta', await metaEntries(cluster, compacted));
        await file.addBucket('lease', await leaseEntries(store));
        await file.addBucket('alarm', alarmEntries(cluster));
        await file.addBucket('members', memberEntries(cluster));
        await file.addBucket('cluster', [textEntry('clusterVersion', etcdClusterVersion)]);
        for (const name of ['auth', 'authRoles', 'authUsers', 'members_removed']) {
            await file.addBucket(name, []);
        }
        finished = true;
        await file.finish();
    } finally {
        if (!finished) await file.abandon();
    }
}

function uint64(value: number): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
}

function textEntry(key: string, value: string | Buffer): LeafElement {
    return { key: Buffer.from(key), value: Buffer.from(value) };
}

async function metaEntries(cluster: Cluster, compacted: number): Promise<LeafElement[]> {
    const { appliedIndex, term } = await cluster.status();
    const entries = [textEntry('consistent_index', uint64(appliedIndex)), textEntry('term', uint64(term))];
    if (compacted > 0) {
        const revision = revisionKey(compacted, 0);
        entries.push(textEntry('finishedCompactRev', revision));
        entries.push(textEntry('scheduledCompactRev', revision));
    }
    return sorted(entries);
}

async function leaseEntries(store: Store): Promise<LeafElement[]> {
    const ids = await store.leases.list();
    const entries: LeafElement[] = [];
    for (const id of ids) {
        const { ttlSeconds, grantedTtlSeconds } = await store.leases.timeToLive(id, { keys: false });
        if (ttlSeconds < 0) continue;
        const value = encode(leaseRecord, { id, ttl: grantedTtlSeconds, remainingTtl: 0 });
        entries.push({ key: uint64(id), value });
    }
    return sorted(entries);
}

function alarmEntries(cluster: Cluster): LeafElement[] {
    return sorted(
        cluster.alarms().map(({ member, type }) => ({
            key: encode(alarmMember, { memberId: member, alarm: type }),
            value: Buffer.alloc(0),
        })),
    );
}

function memberEntries(cluster: Cluster): LeafElement[] {
    return sorted(
        cluster.members().map(({ id, name, peerUrls, clientUrls, isLearner }) => {
            const rest = { peerURLs: peerUrls, isLearner, name, clientURLs: clientUrls };
            // Identifiers are 64-bit numbers in etcd's JSON, more than a number can hold here.
            const json = `{"id":${BigInt(`0x${id}`)},${JSON.stringify(rest).slice(1)}`;
            return textEntry(id, json);
        }),
    );
}

function sorted(entries: LeafElement[]): LeafElement[] {
    return entries.sort((a, b) => Buffer.compare(a.key, b.key));
}
