import { readFile } from 'node:fs/promises';
import type { FrontProxyCertificate } from '../../components/apiserver/aggregation/extension-services.ts';
import type { KubeletTls } from '../../components/apiserver/node-proxy/forward.ts';
import type { ClusterPki } from '../../pki/cluster-pki.ts';
import type { ServedFiles } from './certificate-follower.ts';
import { FlagError } from './flag-error.ts';

/** Overrides of what is otherwise made under --config-dir: files, empty for none. */
export interface ApiServerFiles {
    'tls-cert-file': string;
    'tls-private-key-file': string;
    'client-ca-file': string;
    'service-account-key-file': readonly string[];
    'service-account-signing-key-file': string;
    'kubelet-certificate-authority': string;
    'kubelet-client-certificate': string;
    'kubelet-client-key': string;
    'requestheader-client-ca-file': string;
    'proxy-client-cert-file': string;
    'proxy-client-key-file': string;
}

/** Keys and certificates of an API server, PEM. */
export interface ApiServerMaterial {
    cert: string;
    key: string;
    clientCa: string;
    requestHeaderCa: string;
    serviceAccountPublicKey: string;
    serviceAccountPrivateKey: string;
    kubelet: KubeletTls;
    /** What extension API servers are shown. */
    frontProxyClient: FrontProxyCertificate;
}

/** The cluster's own keys and certificates, or the files that flags name instead. */
export async function readMaterial(
    pki: ClusterPki,
    files: ApiServerFiles | undefined,
): Promise<ApiServerMaterial> {
    const read = async (name: keyof ApiServerFiles, own: string): Promise<string> => {
        const named = [files?.[name] ?? []].flat().filter((file) => file !== '');
        if (named.length === 0) return own;
        return (await Promise.all(named.map(async (file) => await readOne(name, file)))).join('\n');
    };
    const readOne = async (name: string, file: string): Promise<string> => {
        try {
            return await readFile(file, 'utf8');
        } catch (error) {
            throw new FlagError(`--${name}: cannot read ${file}`, { cause: error });
        }
    };
    return {
        cert: await read('tls-cert-file', pki.apiserver.cert),
        key: await read('tls-private-key-file', pki.apiserver.key),
        clientCa: await read('client-ca-file', pki.ca.cert),
        requestHeaderCa: await read('requestheader-client-ca-file', pki.frontProxyCa.cert),
        serviceAccountPublicKey: await read('service-account-key-file', pki.serviceAccount.publicKey),
        serviceAccountPrivateKey: await read(
            'service-account-signing-key-file',
            pki.serviceAccount.privateKey,
        ),
        kubelet: {
            ca: await read('kubelet-certificate-authority', pki.ca.cert),
            cert: await read('kubelet-client-certificate', pki.apiserverKubeletClient.cert),
            key: await read('kubelet-client-key', pki.apiserverKubeletClient.key),
        },
        frontProxyClient: {
            cert: await read('proxy-client-cert-file', pki.frontProxyClient.cert),
            key: await read('proxy-client-key-file', pki.frontProxyClient.key),
        },
    };
}

/** Where that is which may change while the server runs. */
export function servedFiles(pki: ClusterPki, files: ApiServerFiles | undefined): ServedFiles {
    return {
        cert: files?.['tls-cert-file'] || pki.apiserver.certFile,
        key: files?.['tls-private-key-file'] || pki.apiserver.keyFile,
        clientCa: files?.['client-ca-file'] || pki.ca.certFile,
        requestHeaderCa: files?.['requestheader-client-ca-file'] || pki.frontProxyCa.certFile,
    };
}
