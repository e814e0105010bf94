import { membersMethod, type ClusterDescription } from '../store/member/cluster-request.ts';
import type { InitialMember, JoinOptions } from '../store/member.ts';
import type { PeerTransport } from '../store/transport/peer-transport.ts';
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
