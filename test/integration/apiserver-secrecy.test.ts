import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Client } from '../../src/client/client.ts';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { AdmissionMetrics, createAdmission } from '../../src/components/apiserver/admission/index.ts';
import { createAuditor } from '../../src/components/apiserver/audit/create-auditor.ts';
import { generatePrivateKey } from '../../src/pki/authority.ts';
import { systemClock } from '../../src/util/clock.ts';
import { ApiServerFixture, type CallOptions } from './apiserver/fixture.ts';

/** What must not be found anywhere but in the Secret itself. */
const secret = 'Zx9-hunter2-do-not-tell';
const encoded = Buffer.from(secret).toString('base64');
const otherEncoded = Buffer.from(`${secret}, nor this`).toString('base64');
const token = 'eyJhbGciOiJub25lIn0.Zx9dG9rZW4tZG8tbm90LXRlbGw.c2lnbmF0dXJl';
const known = 'known-token-Zx9-do-not-tell';
const key = generatePrivateKey();
const keyLine = key.split('\n')[1] ?? '';
const forms = [
    secret,
    encoded,
    otherEncoded,
    token,
    known,
    keyLine,
    Buffer.from(key).toString('base64').slice(8, 60),
];

/** Secrets by their metadata, as everybody's policy has it; the rest as far as it goes. */
const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
    resources:
      - { group: "", resources: [secrets, serviceaccounts/token] }
      - { group: authentication.k8s.io, resources: [tokenreviews] }
  - level: RequestResponse
`;

const secrets = '/api/v1/namespaces/default/secrets';
const wrongHook = {
    name: 'gone.example.com',
    clientConfig: { url: 'https://127.0.0.1:9/gone' },
    rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'] }],
    objectSelector: { matchLabels: { hooked: 'yes' } },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 1,
};

interface Wrong extends CallOptions {
    method: string;
    path: string;
    type?: string;
}

const metadata = { name: 'wrong' };
const post = (body: unknown, query = ''): Wrong => ({ method: 'POST', path: `${secrets}${query}`, body });
const patch = (type: string, body: unknown, query = ''): Wrong => ({
    method: 'PATCH',
    path: `${secrets}/good${query}`,
    body,
    type,
});
const bearer = (authorization: string): Wrong => ({
    method: 'GET',
    path: '/api/v1/nodes',
    as: null,
    headers: { authorization },
});

const wrong: [string, Wrong][] = [
    ['no JSON', post(`{"stringData": {"a": "${secret}"`)],
    ['JSON with something behind it', post(`{"kind":"Secret"} "${secret}"`)],
    ['text in place of an object', post(JSON.stringify(secret))],
    ['text in place of data', post({ metadata, data: secret })],
    ['text that is no base64', post({ metadata, data: { a: secret } })],
    ['a list in place of text', post({ metadata, stringData: { a: [secret] } })],
    ['a key that is none', post({ metadata, stringData: { 'a b': secret } })],
    ['an unknown field', post({ metadata, date: { a: secret } }, '?fieldValidation=Strict')],
    ['a name that is none', post({ metadata: { name: 'A B' }, stringData: { a: secret } })],
    ['a kind that is none', post({ kind: 'Secrets', apiVersion: 'v1', stringData: { a: secret } })],
    [
        'a password that is no text',
        post({ metadata, type: 'kubernetes.io/basic-auth', stringData: { x: secret } }),
    ],
    [
        'a configuration of a registry that is no JSON',
        post({
            metadata,
            type: 'kubernetes.io/dockerconfigjson',
            stringData: { '.dockerconfigjson': secret },
        }),
    ],
    [
        'a key without its certificate',
        post({ metadata, type: 'kubernetes.io/tls', stringData: { 'tls.key': key } }),
    ],
    [
        'YAML that is none',
        { ...post(`data: {a: ${encoded}\n  - x`), headers: { 'content-type': 'application/yaml' } },
    ],
    ['too much', post({ metadata, stringData: { a: secret.repeat(100_000) } })],
    [
        'a webhook that is gone',
        post({ metadata: { ...metadata, labels: { hooked: 'yes' } }, data: { a: encoded } }),
    ],
    ['a dry run that is none', post({ metadata, data: { a: encoded } }, '?dryRun=Some')],
    ['a type that changes', patch('merge-patch', { type: 'Opaque/other', data: { a: encoded } })],
    ['a merge patch of another shape', patch('merge-patch', { data: encoded })],
    ['a merge patch that is a list', patch('merge-patch', [secret])],
    ['a test that fails', patch('json-patch', [{ op: 'test', path: '/data/password', value: 'other' }])],
    [
        'a path that is not there',
        patch('json-patch', [{ op: 'replace', path: `/data/${secret}/b`, value: encoded }]),
    ],
    [
        'a patch that makes nonsense',
        patch('json-patch', [{ op: 'replace', path: '', value: { data: encoded } }]),
    ],
    ['a patch that is none', patch('json-patch', { data: { a: encoded } })],
    ['a directive that is none', patch('strategic-merge-patch', { data: { $patch: secret } })],
    [
        'unknown fields applied',
        patch(
            'apply-patch+yaml',
            `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"good"},"date":"${secret}"}`,
            '?fieldManager=a',
        ),
    ],
    [
        'data of another type applied',
        patch(
            'apply-patch+yaml',
            `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"good"},"data":"${secret}"}`,
            '?fieldManager=a',
        ),
    ],
    [
        'what another owns',
        patch(
            'apply-patch+yaml',
            `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"good"},"data":{"password":"${otherEncoded}"}}`,
            '?fieldManager=b',
        ),
    ],
    [
        'a change of what may not change',
        {
            method: 'PUT',
            path: `${secrets}/fixed`,
            body: { metadata: { name: 'fixed' }, immutable: true, data: { a: otherEncoded } },
        },
    ],
    [
        'another name',
        {
            method: 'PUT',
            path: `${secrets}/good`,
            body: { metadata: { name: 'bad' }, stringData: { a: secret } },
        },
    ],
    [
        'a precondition',
        {
            method: 'PUT',
            path: `${secrets}/good`,
            body: { metadata: { name: 'good', resourceVersion: '1' }, stringData: { a: secret } },
        },
    ],
    ['an unknown token', bearer(`Bearer ${token}`)],
    ['a token that is none', bearer(`Bearer ${secret} ${secret}`)],
    ['a password', bearer(`Basic ${encoded}`)],
    [
        'a token of a WebSocket',
        {
            ...bearer(''),
            headers: {
                'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}, x`,
            },
        },
    ],
    ['a token that may not', bearer(`Bearer ${known}`)],
    [
        'a path behind a proxy',
        {
            method: 'GET',
            path: '/api/v1/namespaces/default/services/none/proxy/',
            headers: { authorization: `Bearer ${token}` },
        },
    ],
    [
        'a review of a wrong kind',
        {
            method: 'POST',
            path: '/apis/authentication.k8s.io/v1/tokenreviews',
            body: { spec: { token: [token] } },
        },
    ],
];

describe('secrets, tokens and keys', () => {
    let fixture: ApiServerFixture;
    let directory: string;
    const logged: string[] = [];
    const answered: string[] = [];

    beforeAll(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hyperkube-secrecy-'));
        const policyFile = join(directory, 'policy.yaml');
        await writeFile(policyFile, policy);
        const logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
        const auditor = await createAuditor(
            {
                policyFile,
                logPath: join(directory, 'audit.log'),
                logMaxAgeDays: 0,
                logMaxBackups: 0,
                logMaxSizeMegabytes: 0,
                webhookConfigFile: '',
            },
            { clock: systemClock, logger },
        );
        const admission: AdmissionPlugin[] = [];
        fixture = await ApiServerFixture.start({
            logger,
            admission,
            tokenFile: `${known},jane,1,"dev"`,
            ...(auditor === undefined ? {} : { auditor }),
        });
        const client = (): Client => fixture.client;
        admission.push(
            ...createAdmission({
                ...{ reader: fixture.caches, client, enable: [], disable: ['ServiceAccount'] },
                definitions: () => fixture.caches.definitions(),
                metrics: new AdmissionMetrics(),
            }),
        );
        const create = async (path: string, body: object): Promise<void> => {
            expect((await fixture.call('POST', path, { body })).status).toBe(201);
        };
        await create('/api/v1/namespaces', { metadata: { name: 'default' } });
        await create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
            metadata: { name: 'gone' },
            webhooks: [wrongHook],
        });
        await create(`${secrets}?fieldManager=owner`, {
            metadata: { name: 'good' },
            stringData: { password: secret, other: 'x' },
        });
        await create(secrets, { metadata: { name: 'fixed' }, immutable: true, data: { a: encoded } });
    });

    afterAll(async () => {
        await rm(directory, { recursive: true });
    });

    it.each(wrong)('are not told of in the answer to a wrong request: %s', async (what, request) => {
        const { method, path, type, headers = {}, ...options } = request;
        const {
            status,
            text,
            headers: answer,
        } = await fixture.call(method, path, {
            ...options,
            headers: {
                ...(type === undefined ? {} : { 'content-type': `application/${type}` }),
                ...headers,
            },
        });
        answered.push(`${what} ${status}`);
        expect([status, status >= 400]).toEqual([status, true]);
        const told = `${text} ${JSON.stringify(answer)}`;
        // Who names a path is told that path.
        const allowed = what === 'a path that is not there' ? [secret] : [];
        expect(forms.filter((form) => told.includes(form) && !allowed.includes(form))).toEqual([]);
    });

    it('are neither in the log nor in audit events, nor in metrics', async () => {
        expect(answered).toHaveLength(wrong.length);
        const { text: metrics } = await fixture.call('GET', '/metrics');
        await fixture.stop();
        const audit = await readFile(join(directory, 'audit.log'), 'utf8');
        expect(audit.split('\n').length).toBeGreaterThan(wrong.length);
        expect(logged.length).toBeGreaterThan(2);
        for (const form of forms) {
            for (const text of [audit, metrics, ...logged]) expect(text.includes(form)).toBe(false);
        }
    });
});
