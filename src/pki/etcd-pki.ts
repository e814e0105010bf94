import { join } from 'node:path';
import { type Clock, systemClock } from '../util/clock.ts';
import { CertificateKeeper, splitNames, type StoredKeyPair } from './certificate-keeper.ts';
import { ensurePrivateDirectory } from './files.ts';

/**
 * Among the organizations of a peer certificate. The authority also signs the certificates of clients, and of
 * servers towards clients: none of them may pass for a member.
 */
export const etcdPeerOrganization = 'hyperkube:etcd-peers';

export interface EtcdPki {
    /** `key` is empty where the authority is kept elsewhere. */
    ca: StoredKeyPair;
    /** Towards clients, on 2379. */
    server: StoredKeyPair;
    /** Towards other members, on 2380, in both directions. */
    peer: StoredKeyPair;
    healthcheckClient: StoredKeyPair;
    apiserverClient: StoredKeyPair;
    /** What was written by this call, and why. */
    issued: { name: string; reason: string }[];
}

export interface EtcdPkiOptions {
    /** As of ensureClusterPki, default /etc/kubernetes/pki; the rest is in its subdirectory etcd. */
    directory?: string;
    nodeName: string;
    hostName: string;
    /** Addresses under which this member is reached. */
    ipAddresses?: readonly string[];
    /** Further names or addresses, of peer or client addresses. */
    extraNames?: readonly string[];
    clock?: Clock;
}

/**
 * Authority and certificates of the store in kubeadm's files: etcd/ca, etcd/server, etcd/peer,
 * etcd/healthcheck-client, apiserver-etcd-client. Keeps, makes and renews as ensureClusterPki does.
 */
export async function ensureEtcdPki(options: EtcdPkiOptions): Promise<EtcdPki> {
    const directory = options.directory ?? '/etc/kubernetes/pki';
    await ensurePrivateDirectory(directory);
    await ensurePrivateDirectory(join(directory, 'etcd'));
    const keeper = new CertificateKeeper(directory, (options.clock ?? systemClock).nowMs());
    const names = splitNames([
        options.nodeName,
        options.hostName,
        'localhost',
        '127.0.0.1',
        '::1',
        ...(options.ipAddresses ?? []),
        ...(options.extraNames ?? []),
    ]);
    const ca = await keeper.authority('etcd/ca', 'etcd-ca');
    const serving = { commonName: options.nodeName, usages: ['server', 'client'] as const, ...names };
    const client = (commonName: string) => ({ commonName, usages: ['client'] as const });
    return {
        ca,
        server: await keeper.leaf('etcd/server', ca, serving),
        peer: await keeper.leaf('etcd/peer', ca, { ...serving, organizations: [etcdPeerOrganization] }),
        healthcheckClient: await keeper.leaf(
            'etcd/healthcheck-client',
            ca,
            client('kube-etcd-healthcheck-client'),
        ),
        apiserverClient: await keeper.leaf('apiserver-etcd-client', ca, client('kube-apiserver-etcd-client')),
        issued: keeper.issued,
    };
}
