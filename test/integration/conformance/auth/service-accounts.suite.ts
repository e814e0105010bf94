import { expect, it } from '@jest/globals';
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import type { V1ConfigMap, V1ServiceAccount } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster, Thing } from '../support/cluster.ts';
import { type Live, type Pod, podSpec } from '../support/objects.ts';

type Account = Live<V1ServiceAccount>;
interface Review {
    status: {
        authenticated?: boolean;
        error?: string;
        audiences?: string[];
        user: { username: string; uid: string; groups: string[] };
    };
}

const path = (namespace: string, plural: string): string => `/api/v1/namespaces/${namespace}/${plural}`;

/** Service accounts, their tokens, and what pods get of both. */
export function serviceAccountCases(cluster: () => Cluster): void {
    const token = async (namespace: string, account: string, spec: object = {}): Promise<string> => {
        const answer = await cluster().create<Thing & { status: { token: string } }>(
            `${path(namespace, 'serviceaccounts')}/${account}/token`,
            { spec },
        );
        return answer.status.token;
    };
    const review = async (value: string): Promise<Review['status']> => {
        const body = { spec: { token: value } };
        const answer = await cluster().must<Review>('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
            body,
        });
        return answer.status;
    };

    it('an account is created, watched, patched, listed and deleted by its label', async () => {
        const namespace = await cluster().namespace('accounts');
        const accounts = path(namespace, 'serviceaccounts');
        const selector = 'labelSelector=test-serviceaccount-static%3Dtrue';
        const watch = await cluster().watch<Account>(`${accounts}?${selector}`);
        await cluster().create(accounts, {
            metadata: { name: 'testserviceaccount', labels: { 'test-serviceaccount-static': 'true' } },
        });
        expect((await watch.next()).type).toBe('ADDED');
        const body = { automountServiceAccountToken: false };
        await cluster().patch(`${accounts}/testserviceaccount`, 'strategic', body);
        const { object } = await watch.until(({ type }) => type === 'MODIFIED');
        expect(object.automountServiceAccountToken).toBe(false);
        const all = await cluster().list<Account>(`/api/v1/serviceaccounts?${selector}`);
        expect(all.items).toMatchObject([{ metadata: { namespace }, ...body }]);
        await cluster().must('DELETE', `${accounts}?${selector}`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it('an account is updated', async () => {
        const namespace = await cluster().namespace('accounts');
        const accounts = path(namespace, 'serviceaccounts');
        await cluster().create(accounts, { metadata: { name: 'e2e-sa' } });
        const updated = await cluster().change<Account>(`${accounts}/e2e-sa`, (account) => {
            account.automountServiceAccountToken = true;
        });
        expect(updated.automountServiceAccountToken).toBe(true);
    });

    it('a token of an account is given, and a review knows whose it is', async () => {
        const namespace = await cluster().namespace('accounts');
        const { metadata } = await cluster().create(path(namespace, 'serviceaccounts'), {
            metadata: { name: 'e2e-sa-tokens' },
        });
        const found = await review(await token(namespace, 'e2e-sa-tokens'));
        expect(found.error ?? '').toBe('');
        expect(found).toMatchObject({
            authenticated: true,
            user: {
                username: `system:serviceaccount:${namespace}:e2e-sa-tokens`,
                uid: metadata.uid,
                groups: [
                    'system:serviceaccounts',
                    `system:serviceaccounts:${namespace}`,
                    'system:authenticated',
                ],
            },
        });
        const forged = await review(`${(await token(namespace, 'e2e-sa-tokens')).slice(0, -4)}AAAA`);
        expect(forged.authenticated).not.toBe(true);
    });

    it('who has a token can verify it with what the issuer publishes', async () => {
        const namespace = await cluster().namespace('oidc');
        await cluster().create(path(namespace, 'serviceaccounts'), { metadata: { name: 'reader' } });
        const jwt = await token(namespace, 'reader', { audiences: ['oidc-discovery-test'] });
        const [head = '', body = '', signature = ''] = jwt.split('.');
        const decode = (part: string): Record<string, string> =>
            JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, string>;
        const claims = decode(body);
        expect(claims['aud']).toEqual(['oidc-discovery-test']);
        expect(claims['sub']).toBe(`system:serviceaccount:${namespace}:reader`);

        // As the account itself, which may read this without a role of its own.
        const headers = {
            'impersonate-user': claims['sub'] ?? '',
            'impersonate-group': 'system:serviceaccounts',
        };
        const discovery = await cluster().call('GET', '/.well-known/openid-configuration', { headers });
        expect(discovery.status).toBe(200);
        expect(discovery.headers['content-type']).toContain('application/json');
        const document = JSON.parse(discovery.text) as Record<string, string>;
        expect(document).toMatchObject({
            issuer: claims['iss'],
            response_types_supported: ['id_token'],
            subject_types_supported: ['public'],
        });
        const { pathname } = new URL(document['jwks_uri'] ?? '');
        const published = await cluster().call('GET', pathname, { headers });
        expect(published.status).toBe(200);
        const { keys } = JSON.parse(published.text) as { keys: (JsonWebKey & { kid: string })[] };
        const jwk = keys.find(({ kid }) => kid === decode(head)['kid']);
        const key = {
            key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }),
            // What JSON Web Signatures with elliptic curves are written in.
            dsaEncoding: 'ieee-p1363' as const,
        };
        const signed = Buffer.from(`${head}.${body}`);
        expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true);
    });

    it('a pod gets the token of its account mounted unless pod or account refuse', async () => {
        const namespace = await cluster().namespace('svcaccounts');
        const accounts: Record<string, boolean | undefined> = {
            default: undefined,
            mount: true,
            nomount: false,
        };
        await eventually(
            'the default account is there',
            async () => await cluster().find(`${path(namespace, 'serviceaccounts')}/default`),
        );
        for (const [name, automount] of Object.entries(accounts)) {
            if (name === 'default') continue;
            await cluster().create(path(namespace, 'serviceaccounts'), {
                metadata: { name },
                automountServiceAccountToken: automount,
            });
        }
        for (const [account, ofAccount] of Object.entries(accounts)) {
            for (const ofPod of [undefined, true, false]) {
                const created = await cluster().create<Pod>(path(namespace, 'pods'), {
                    metadata: { name: `pod-${account}-${String(ofPod)}` },
                    spec: {
                        ...podSpec(),
                        serviceAccountName: account,
                        ...(ofPod === undefined ? {} : { automountServiceAccountToken: ofPod }),
                    },
                });
                const mounts = created.spec?.containers[0]?.volumeMounts ?? [];
                const paths = mounts.map(({ mountPath }) => mountPath);
                const expected = ofPod ?? ofAccount ?? true;
                expect(paths).toEqual(expected ? ['/var/run/secrets/kubernetes.io/serviceaccount'] : []);
                if (!expected) continue;
                const volume = created.spec?.volumes?.find(({ name }) => name === mounts[0]?.name);
                expect(volume?.projected?.sources).toMatchObject([
                    { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
                    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
                    { downwardAPI: { items: [{ path: 'namespace' }] } },
                ]);
            }
        }
    });

    it('every namespace has the root CA, again after it was deleted or changed', async () => {
        const namespace = await cluster().namespace('root-ca');
        const own = `${path(namespace, 'configmaps')}/kube-root-ca.crt`;
        const certificate = async (): Promise<string | undefined> =>
            (await cluster().find<Live<V1ConfigMap>>(own))?.data?.['ca.crt'];
        const first = await eventually('it is there', certificate);
        expect(first).toContain('BEGIN CERTIFICATE');
        await cluster().delete(own);
        await eventually('it is there again', async () => (await certificate()) === first);
        await cluster().change<Live<V1ConfigMap>>(own, (map) => {
            map.data = { 'ca.crt': '' };
        });
        await eventually('it says the same again', async () => (await certificate()) === first);
    });
}
