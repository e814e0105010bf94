// Every server needs it: loaded with this module, so that a start does not wait for it.
import '../pki/x509-library.ts';
import {
    createAuthority,
    generatePrivateKey,
    issueCertificate,
    type KeyPair,
    publicKeyOf,
} from '../pki/authority.ts';
import { bad, stringsOf } from './options.ts';
import type { Kubeconfig, KubeconfigObject, User } from './index.ts';

const dayMs = 86_400_000;
const yearMs = 365 * dayMs;
const clusterName = 'hyperkube-test';

/** Of one server: the authority, the serving certificate and the key of service-account tokens; nothing is written. */
export interface TestPki {
    ca: KeyPair;
    serving: KeyPair;
    serviceAccounts: { publicKey: string; privateKey: string };
}

/** @param serviceIp ClusterIP of the Service `kubernetes`, which the certificate names too */
export async function createTestPki(serviceIp: string): Promise<TestPki> {
    const ca = await createAuthority('kubernetes', validity());
    const serving = await issueCertificate(ca, {
        commonName: 'kube-apiserver',
        usages: ['server'],
        dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
        ipAddresses: ['127.0.0.1', serviceIp],
        validity: validity(),
    });
    const privateKey = generatePrivateKey();
    return { ca, serving, serviceAccounts: { privateKey, publicKey: publicKeyOf(privateKey) } };
}

/** Signs a client certificate for the user. @throws TypeError for a user without a name */
export async function kubeconfigFor(
    user: User,
    { ca, url }: { ca: KeyPair; url: string },
): Promise<Kubeconfig> {
    const { name, groups, namespace } = checkUser(user);
    const { cert, key } = await issueCertificate(ca, {
        commonName: name,
        organizations: groups,
        usages: ['client'],
        validity: validity(),
    });
    const object: KubeconfigObject = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
            { name: clusterName, cluster: { server: url, 'certificate-authority-data': base64(ca.cert) } },
        ],
        users: [{ name, user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } }],
        contexts: [
            {
                name: `${name}@${clusterName}`,
                context: {
                    cluster: clusterName,
                    user: name,
                    ...(namespace === undefined ? {} : { namespace }),
                },
            },
        ],
        'current-context': `${name}@${clusterName}`,
    };
    // JSON is YAML.
    return { text: `${JSON.stringify(object, undefined, 2)}\n`, object, certificate: cert, key };
}

function checkUser(user: unknown): { name: string; groups: string[]; namespace: string | undefined } {
    if (typeof user !== 'object' || user === null)
        throw bad('user', user, 'an object such as { name: "jane" }');
    const { name, groups, namespace } = user as Record<string, unknown>;
    if (typeof name !== 'string' || name === '') throw bad('user.name', name, 'a string');
    if (namespace !== undefined && typeof namespace !== 'string')
        throw bad('user.namespace', namespace, 'a string');
    return { name, groups: stringsOf('user.groups', groups), namespace };
}

function validity(): { notBefore: Date; notAfter: Date } {
    const now = Date.now();
    return { notBefore: new Date(now - dayMs), notAfter: new Date(now + yearMs) };
}

function base64(text: string): string {
    return Buffer.from(text).toString('base64');
}
