import { type Clock, systemClock } from '../util/clock.ts';
import {
    CertificateKeeper,
    type ServiceAccountKeys,
    splitNames,
    type StoredKeyPair,
    type WantedCertificate,
} from './certificate-keeper.ts';
import { ensurePrivateDirectory } from './files.ts';

export interface ClusterPki {
    directory: string;
    /** Signs server and client certificates. `key` is empty where the authority is kept elsewhere. */
    ca: StoredKeyPair;
    frontProxyCa: StoredKeyPair;
    apiserver: StoredKeyPair;
    /** What the API server shows to kubelets. */
    apiserverKubeletClient: StoredKeyPair;
    frontProxyClient: StoredKeyPair;
    kubeletServing: StoredKeyPair;
    serviceAccount: ServiceAccountKeys;
    /** Client certificates of the components, for kubeconfigs. */
    clients: Record<ClientName, StoredKeyPair>;
    /** What was written by this call, and why. Empty when everything was there. */
    issued: { name: string; reason: string }[];
}

export type ClientName = 'admin' | 'controllerManager' | 'scheduler' | 'proxy' | 'kubelet';

export interface ClusterPkiOptions {
    /** Default /etc/kubernetes/pki. */
    directory?: string;
    nodeName: string;
    hostName: string;
    /** Addresses under which this node's API server and kubelet are reached. */
    ipAddresses?: readonly string[];
    /** Further names of the API server (--apiserver-cert-extra-sans): names or addresses. */
    extraNames?: readonly string[];
    /** First address of the service range: ClusterIP of the `kubernetes` Service. */
    serviceIp?: string;
    /** Default cluster.local. */
    clusterDomain?: string;
    clock?: Clock;
}

/**
 * Keys and certificates of a cluster in kubeadm's files: keeps what is there and good, makes what is
 * missing, expires soon or names other hosts than wanted. Keys are readable by their owner alone.
 */
export async function ensureClusterPki(options: ClusterPkiOptions): Promise<ClusterPki> {
    const directory = options.directory ?? '/etc/kubernetes/pki';
    await ensurePrivateDirectory(directory);
    const keeper = new CertificateKeeper(directory, (options.clock ?? systemClock).nowMs());
    const ca = await keeper.authority('ca', 'kubernetes');
    const frontProxyCa = await keeper.authority('front-proxy-ca', 'front-proxy-ca');
    const leaf = async (file: string, wanted: WantedCertificate) => await keeper.leaf(file, ca, wanted);
    return {
        directory,
        ca,
        frontProxyCa,
        apiserver: await leaf('apiserver', apiserverCertificate(options)),
        apiserverKubeletClient: await leaf(
            'apiserver-kubelet-client',
            client('kube-apiserver-kubelet-client', 'system:masters'),
        ),
        frontProxyClient: await keeper.leaf('front-proxy-client', frontProxyCa, client('front-proxy-client')),
        kubeletServing: await leaf('kubelet', kubeletServingCertificate(options)),
        serviceAccount: await keeper.serviceAccountKeys(),
        clients: {
            admin: await leaf('admin', client('kubernetes-admin', 'system:masters')),
            controllerManager: await leaf('controller-manager', client('system:kube-controller-manager')),
            scheduler: await leaf('scheduler', client('system:kube-scheduler')),
            proxy: await leaf('kube-proxy', client('system:kube-proxy')),
            kubelet: await leaf('kubelet-client', client(`system:node:${options.nodeName}`, 'system:nodes')),
        },
        issued: keeper.issued,
    };
}

function client(commonName: string, ...organizations: string[]): WantedCertificate {
    return { commonName, organizations, usages: ['client'] };
}

function apiserverCertificate(options: ClusterPkiOptions): WantedCertificate {
    const domain = options.clusterDomain ?? 'cluster.local';
    const names = [
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${domain}`,
        'localhost',
        options.hostName,
        options.nodeName,
        ...(options.extraNames ?? []),
    ];
    const addresses = ['127.0.0.1', '::1', options.serviceIp, ...(options.ipAddresses ?? [])];
    return { commonName: 'kube-apiserver', usages: ['server'], ...splitNames([...names, ...addresses]) };
}

function kubeletServingCertificate(options: ClusterPkiOptions): WantedCertificate {
    const names = [options.nodeName, options.hostName, 'localhost', '127.0.0.1', '::1'];
    return {
        commonName: `system:node:${options.nodeName}`,
        organizations: ['system:nodes'],
        usages: ['server'],
        ...splitNames([...names, ...(options.ipAddresses ?? [])]),
    };
}
