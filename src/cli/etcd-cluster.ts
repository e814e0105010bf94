import { existsSync } from 'node:fs';
import { namingDirectory } from '../store/disk/disk-error.ts';
import { openLevelDisk } from '../store/disk/open-disk.ts';
import { loadRaftState } from '../store/log/load-raft-state.ts';
import { heartbeatsPerElectionMin } from '../store/log/replicated/pace.ts';
import type { LogTuning } from '../store/log/replicated-log.ts';
import { membersMethod, type ClusterDescription } from '../store/member/cluster-request.ts';
import { resetMembership } from '../store/member/reset-membership.ts';
import type { InitialMember, JoinOptions } from '../store/member.ts';
import type { PeerTransport } from '../store/transport/peer-transport.ts';
import type { Logger } from '../util/logger.ts';
import { isLoopback, parseListenUrl } from '../store/etcd/server/listen-url.ts';

/** Flags that contradict each other, or a file that cannot be read. */
export class EtcdFlagError extends Error {
    override readonly name = 'EtcdFlagError';
}

/** `--initial-cluster`: name=url, a name several times for several URLs. */
export function initialMembers(entries: readonly string[]): InitialMember[] {
    const urls = new Map<string, string[]>();
    for (const entry of entries) {
        const equals = entry.indexOf('=');
        if (equals <= 0) throw new EtcdFlagError(`--initial-cluster: "${entry}" is not of the form name=url`);
        const name = entry.slice(0, equals);
        urls.set(name, [...(urls.get(name) ?? []), entry.slice(equals + 1)]);
    }
    return [...urls].map(([name, peerUrls]) => ({ name, peerUrls }));
}

/** Without TLS between members anybody on the way could read and change everything: not beyond this machine. */
export function checkPeerUrls(urls: readonly string[], hasCertificate: boolean): void {
    for (const text of urls) {
        const url = parseListenUrl(text);
        if (url.protocol === 'https' && !hasCertificate) {
            throw new EtcdFlagError(
                `"${text}" needs --peer-cert-file, --peer-key-file, --peer-trusted-ca-file`,
            );
        }
        if (url.protocol === 'http' && !isLoopback(url)) {
            throw new EtcdFlagError(`"${text}": members speak http on loopback addresses only, use https`);
        }
    }
}

/** What this member has to know of the running cluster that added it; asks its members one after the other. */
export async function joinRunningCluster(
    transport: PeerTransport,
    others: readonly InitialMember[],
    ownPeerUrls: readonly string[],
): Promise<JoinOptions> {
    const failures: unknown[] = [];
    for (const url of others.flatMap(({ peerUrls }) => peerUrls)) {
        try {
            const answer = await transport.requestUrl(url, membersMethod, Buffer.alloc(0));
            const { clusterId, members } = JSON.parse(answer.toString()) as ClusterDescription;
            const self = members.find(({ peerUrls }) => peerUrls.some((own) => ownPeerUrls.includes(own)));
            if (self !== undefined) return { clusterId, memberId: self.id, members };
            failures.push(new Error(`the cluster at ${url} has no member at ${ownPeerUrls.join(', ')}`));
        } catch (error) {
            failures.push(error);
        }
    }
    const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)));
    throw new EtcdFlagError(
        `cannot join the cluster: ${reasons.join('; ') || '--initial-cluster names nobody else'}`,
    );
}

/** The directory's part in a cluster; undefined for one that has none yet. The member must not run. */
export async function storedMember(
    directory: string,
    logger: Logger,
): Promise<{ memberId: string; memberCount: number } | undefined> {
    if (!existsSync(directory)) return undefined;
    const disk = await openLevelDisk(directory, logger);
    try {
        const loaded = await loadRaftState(disk);
        if (loaded === undefined) return undefined;
        return { memberId: loaded.identity.memberId, memberCount: loaded.memberList.members.length };
    } catch (error) {
        throw namingDirectory(error, directory);
    } finally {
        await disk.close();
    }
}

/** `--force-new-cluster`: with what this member has, alone. Of no effect without data, or when it is alone. */
export async function forceNewCluster(directory: string, logger: Logger): Promise<void> {
    const stored = await storedMember(directory, logger);
    if (stored === undefined || stored.memberCount === 1) {
        logger.info({ directory }, '--force-new-cluster has nothing to do: there are no other members');
        return;
    }
    const { clusterId, memberId, dropped } = await resetMembership(directory, logger);
    logger.warn(
        { clusterId, memberId, dropped: dropped.map(({ id }) => id) },
        'this member is a cluster of its own now',
    );
}

/** How the log keeps its pace and its length. */
export function logTuning(flags: {
    'heartbeat-interval': number;
    'election-timeout': number;
    'snapshot-count': number;
}): LogTuning {
    const heartbeatMs = flags['heartbeat-interval'];
    const electionMs = flags['election-timeout'];
    if (electionMs < heartbeatsPerElectionMin * heartbeatMs) {
        throw new EtcdFlagError(
            `--election-timeout=${electionMs} should be at least ${heartbeatsPerElectionMin} times as --heartbeat-interval=${heartbeatMs}`,
        );
    }
    return { heartbeatMs, electionMs, retainedEntriesMax: flags['snapshot-count'] };
}
