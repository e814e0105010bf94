import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { join, relative } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/authority.ts';
import {
    loadSigningKey,
    signToken,
    type TokenClaims,
    type TokenRequest,
} from '../../../src/pki/service-account-token.ts';
import { AuthServer, type Credentials, validity } from '../support/auth-server.ts';

const hourMs = 3_600_000;
/** Who one is, and which tokens are given. */
const auditPolicy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
        { level: 'Metadata', resources: [{ group: 'authentication.k8s.io' }] },
        { level: 'Metadata', resources: [{ group: '', resources: ['serviceaccounts/token'] }] },
        { level: 'None' },
    ],
};

describe('connections, credentials and files', () => {
    let server: AuthServer;
    let directory: string;
    let jane: KeyPair;
    let accountUid: string;

    beforeAll(async () => {
        server = await AuthServer.start(async (made) => {
            directory = made;
            const policyFile = join(made, 'policy.json');
            await writeFile(policyFile, JSON.stringify(auditPolicy));
            return { 'audit-policy-file': policyFile, 'audit-log-path': join(made, 'audit.log') };
        });
        jane = (await server.user('jane')).certificate ?? server.running.pki.ca;
        const account = { metadata: { name: 'web' } };
        const made = await server.make('POST /api/v1/namespaces/default/serviceaccounts', account);
        accountUid = made.metadata?.uid ?? '';
    }, 60_000);
    afterAll(async () => {
        await server.stop();
    });

    const open = async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
        const { port } = server.running.server.address;
        const socket = connect({ host: '127.0.0.1', port, ca: server.running.pki.ca.cert, ...options });
        return await new Promise((resolve, reject) => {
            socket.once('secureConnect', () => {
                resolve(socket);
            });
            socket.once('error', reject);
        });
    };
    /** Status lines of all that is answered until the server closes, or `answers` have come. */
    const converse = async (text: string, answers = 1): Promise<string[]> => {
        const socket = await open({ ...jane, ALPNProtocols: ['http/1.1'] });
        let received = '';
        const lines = (): string[] => received.match(/HTTP\/1\.1 \d{3}/g) ?? [];
        await new Promise<void>((resolve) => {
            socket.on('data', (chunk: Buffer) => {
                received += chunk.toString();
                if (lines().length >= answers) resolve();
            });
            socket.on('close', () => {
                resolve();
            });
            socket.on('error', () => {
                resolve();
            });
            socket.write(text);
        });
        socket.destroy();
        return lines().map((line) => line.slice(-3));
    };
    const host = 'Host: x\r\n';
    const secrets = 'GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n';

    it.each([
        ['two lengths', `POST /api HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`],
        [
            'a length and chunks',
            `POST /api HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${secrets}`,
        ],
        [
            'another encoding after chunks',
            `POST /api HTTP/1.1\r\n${host}Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n`,
        ],
        ['a folded header', `GET /api HTTP/1.1\r\n${host}X-Remote-User: a\r\n b\r\nX: y\r\n\r\n`],
        ['space before the colon', `GET /api HTTP/1.1\r\n${host}Content-Length : 4\r\n\r\nabcd`],
        ['a negative length', `POST /api HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`],
        ['a NUL in a header', `GET /api HTTP/1.1\r\n${host}X-A: \0\r\n\r\n`],
        ['a path without slash', `GET api HTTP/1.1\r\n${host}\r\n`],
        ['a header above the bound', `GET /api HTTP/1.1\r\n${host}X-A: ${'x'.repeat(80_000)}\r\n\r\n`],
    ])('%s: refused, and nothing behind it is a request', async (_what, text) => {
        const answers = await converse(text, 2);
        expect(answers.length).toBeLessThanOrEqual(1);
        for (const code of answers) expect(['400', '431']).toContain(code);
    });

    it('requests in a row are answered each as its own', async () => {
        const ok = `GET /version HTTP/1.1\r\n${host}\r\n`;
        expect(await converse(`${ok}${secrets}${ok}`, 3)).toEqual(['200', '403', '200']);
        expect(await converse(`GET https://x/version HTTP/1.1\r\n${host}\r\n`)).toEqual(['200']);
        expect(await converse(`GET https://x/api/v1/secrets HTTP/1.1\r\n${host}\r\n`)).toEqual(['403']);
    });

    it('methods that HTTP/2 lets a client make up have no rights, and break nothing', async () => {
        const session = http2.connect(server.url, { ...jane, ca: server.running.pki.ca.cert });
        const ask = async (headers: http2.OutgoingHttpHeaders): Promise<number> => {
            const stream = session.request(headers);
            stream.end();
            return await new Promise((resolve, reject) => {
                stream.on('response', ({ ':status': code = 0 }) => {
                    resolve(code);
                    stream.close();
                });
                stream.on('error', reject);
            });
        };
        for (const method of ['constructor', '__proto__', 'toString', 'OPTIONS', 'TRACE']) {
            expect(await ask({ ':method': method, ':path': '/api/v1/secrets' })).toBe(403);
        }
        expect(await ask({ ':path': '/api/v1/../../metrics' })).toBe(403);
        expect(await ask({ ':path': '/version' })).toBe(200);
        session.close();
    });

    it('slashes without end cost nothing', async () => {
        const startedMs = performance.now();
        const { status } = await server.call({ certificate: jane }, `GET /version${'/'.repeat(60_000)}x`);
        expect(status).toBe(403);
        expect(performance.now() - startedMs).toBeLessThan(1_000);
    });

    it.each([
        ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, false],
        ['TLS 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, true],
        ['TLS 1.3', { minVersion: 'TLSv1.3' }, true],
        ['no encryption', { maxVersion: 'TLSv1.2', ciphers: 'NULL:@SECLEVEL=0' }, false],
        ['no authentication', { maxVersion: 'TLSv1.2', ciphers: 'aNULL:@SECLEVEL=0' }, false],
    ] as const)('%s is spoken: %j %s', async (_what, options, spoken) => {
        const socket = await open(options).catch(() => undefined);
        expect(socket !== undefined).toBe(spoken);
        socket?.destroy();
    });

    it.each([
        ['expired', async (ca: KeyPair) => await leaf(ca, 'client', -2 * hourMs, -hourMs)],
        ['not valid yet', async (ca: KeyPair) => await leaf(ca, 'client', hourMs, 2 * hourMs)],
        ['for servers', async (ca: KeyPair) => await leaf(ca, 'server', -hourMs, hourMs)],
        [
            'of another authority of the same name',
            async () =>
                await leaf(await createAuthority('kubernetes', validity()), 'client', -hourMs, hourMs),
        ],
        ['signed by itself', async () => await createAuthority('jane', validity())],
        ['of a user who signs another', async () => await leaf(jane, 'client', -hourMs, hourMs)],
    ])('a certificate that is %s is nobody', async (_what, make) => {
        const certificate = await make(server.running.pki.ca);
        expect((await server.call({ certificate }, 'GET /version')).status).toBe(401);
    });

    it('a certificate with another subject under the original signature is nobody', async () => {
        const { certificate } = await server.user('joe', 'system:mastery');
        if (certificate === undefined) throw new Error('there is no certificate');
        expect(await server.whoAmI({ certificate })).toMatchObject({ username: 'joe' });
        const bytes = new X509Certificate(certificate.cert).raw;
        const at = bytes.indexOf('system:mastery');
        expect(at).toBeGreaterThan(0);
        bytes.write('system:masters', at);
        const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
        const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
        expect(new X509Certificate(cert).subject).toContain('system:masters');
        const altered = { ...certificate, cert };
        expect((await server.call({ certificate: altered }, 'GET /version')).status).toBe(401);
    });

    async function leaf(
        issuer: KeyPair,
        usage: 'client' | 'server',
        from: number,
        to: number,
    ): Promise<KeyPair> {
        return await issueCertificate(issuer, {
            commonName: 'root',
            organizations: ['system:masters'],
            usages: [usage],
            validity: { notBefore: new Date(Date.now() + from), notAfter: new Date(Date.now() + to) },
        });
    }

    describe('a token', () => {
        let token: string;
        const changed = (index: number): string =>
            token
                .split('.')
                .map((part, at) =>
                    at === index ? `${part.startsWith('A') ? 'B' : 'A'}${part.slice(1)}` : part,
                )
                .join('.');
        const withHeader = (header: object): string =>
            [Buffer.from(JSON.stringify(header)).toString('base64url'), ...token.split('.').slice(1)].join(
                '.',
            );
        const whoIs = async (text: string): Promise<unknown> => await server.whoAmI({ token: text });

        beforeAll(async () => {
            const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
            const made = await server.make(
                'POST /api/v1/namespaces/default/serviceaccounts/web/token',
                request,
            );
            token = made.status?.token ?? '';
            expect(await whoIs(token)).toBeDefined();
        });

        it.each([
            ['with another header', () => changed(0)],
            ['with other claims', () => changed(1)],
            ['with another signature', () => changed(2)],
            ['with something behind its signature', () => `${token}!`],
            ['with padding', () => `${token}=`],
            ['with a line break inside', () => `${token.slice(0, -4)}%0A${token.slice(-4)}`],
            ['with a fourth part', () => `${token}.x`],
            ['signed by nothing', () => withHeader({ alg: 'none' })],
            ['signed by a secret', () => withHeader({ alg: 'HS256' })],
            ['of another kind of key', () => withHeader({ alg: 'RS256' })],
            ['that names a file as its key', () => withHeader({ alg: 'ES256', kid: '../../etc/passwd' })],
            ['that brings its key', () => withHeader({ alg: 'ES256', jwk: { kty: 'EC' }, jku: 'https://x' })],
            ['longer than any', () => `${token}${'A'.repeat(20_000)}`],
            ['not valid yet', () => signed({ nowMs: Date.now() + hourMs })],
            ['no longer valid', () => signed({ nowMs: Date.now() - hourMs })],
            ['for another audience', () => signed({ audiences: ['vault'] })],
            ['of another issuer', () => signed({ issuer: 'https://example.com' })],
            ['of an account made again', () => signed({}, { name: 'web', uid: 'x' })],
        ])('%s is nobody', async (_what, make) => {
            expect(await whoIs(make())).toBeUndefined();
        });

        it('of the same making without any of these faults is somebody', async () => {
            expect(await whoIs(signed())).toMatchObject({ username: 'system:serviceaccount:default:web' });
        });

        function signed(
            more: Partial<TokenRequest> = {},
            serviceaccount = { name: 'web', uid: accountUid },
        ): string {
            const key = loadSigningKey(server.running.pki.serviceAccount.privateKey);
            const issuer = 'https://kubernetes.default.svc.cluster.local';
            return signToken(key, {
                issuer,
                audiences: [issuer],
                nowMs: Date.now(),
                lifetimeSeconds: 600,
                kubernetes: { namespace: 'default', serviceaccount },
                ...more,
            }).token;
        }

        it('leaves in the audit log that it was given, and that it is too old', async () => {
            const warnafter = Math.floor(Date.now() / 1000) - 60;
            const serviceaccount = { name: 'web', uid: accountUid };
            const kubernetes = { namespace: 'default', serviceaccount, warnafter };
            expect(await whoIs(signed({ kubernetes }))).toBeDefined();
            const claims = JSON.parse(
                Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
            ) as TokenClaims;
            const said = [
                `"authentication.kubernetes.io/issued-credential-id":"JTI=${claims.jti}"`,
                '"authentication.k8s.io/stale-token":"subject: system:serviceaccount:default:web, seconds after warning threshold: 6',
            ];
            let log = '';
            while (!said.every((text) => log.includes(text))) {
                await new Promise((resolve) => setTimeout(resolve, 20));
                log = await readFile(join(directory, 'audit.log'), 'utf8');
            }
            expect(log).not.toContain(token);
        });

        it('that its client should have replaced is counted, and Secrets’ tokens are watched since today', async () => {
            const count = async (name: string): Promise<number> => {
                const { message = '' } = (await server.call(server.admin, 'GET /metrics')).body;
                return Number(new RegExp(`^serviceaccount_${name}_total (\\d+)$`, 'm').exec(message)?.[1]);
            };
            const before = await count('stale_tokens');
            const warnafter = Math.floor(Date.now() / 1000) - 60;
            const serviceaccount = { name: 'web', uid: accountUid };
            const kubernetes = { namespace: 'default', serviceaccount, warnafter };
            expect(await whoIs(signed({ kubernetes }))).toBeDefined();
            expect(await count('stale_tokens')).toBe(before + 1);
            const name = 'kube-apiserver-legacy-service-account-token-tracking';
            const tracking = await server.make(`GET /api/v1/namespaces/kube-system/configmaps/${name}`);
            expect(tracking['data']).toEqual({ since: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/) });
        });
    });

    it('keys, kubeconfigs and the store are for their owner alone', async () => {
        const open: string[] = [];
        const isPrivate = /\.(key|conf)$|encryption-config|token/;
        for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
            const path = join(entry.parentPath, entry.name);
            const { mode } = await stat(path);
            const isSecret = entry.isFile() && isPrivate.test(entry.name);
            const isStore =
                path === join(directory, 'data', 'store') || path === join(directory, 'etc', 'pki');
            if ((isSecret || isStore) && (mode & 0o077) !== 0) open.push(relative(directory, path));
        }
        expect(open).toEqual([]);
    });

    it('a Secret that is refused is not told in the refusal', async () => {
        const path = 'POST /api/v1/namespaces/default/secrets';
        const word = 'correct-horse';
        const refused = [
            { metadata: { name: 'x' }, data: { password: `${word}!` } },
            { metadata: { name: 'x' }, stringData: { 'a/b': word } },
            { metadata: { name: 'X' }, stringData: { a: word } },
            { metadata: { name: 'x' }, type: 'kubernetes.io/tls', stringData: { a: word } },
            {
                metadata: { name: 'x' },
                type: 'kubernetes.io/dockerconfigjson',
                stringData: { '.dockerconfigjson': word },
            },
        ];
        for (const body of refused) {
            const answer = await server.call(server.admin, path, body);
            expect([400, 422]).toContain(answer.status);
            expect(JSON.stringify(answer.body)).not.toContain(word);
        }
    });

    it('takes over a new serving certificate and new authorities of clients, and nothing that is broken', async () => {
        const { ca, apiserver } = server.running.pki;
        const shown = async (): Promise<string> => {
            const socket = await open();
            const { fingerprint256 } = socket.getPeerCertificate();
            socket.destroy();
            return fingerprint256;
        };
        const until = async (holds: () => Promise<boolean>): Promise<void> => {
            while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
        };
        const before = await shown();
        const next = await issueCertificate(ca, {
            commonName: 'kube-apiserver',
            usages: ['server'],
            ipAddresses: ['127.0.0.1'],
            validity: validity(),
        });
        // A certificate without its key is not taken over; it is with it.
        await writeFile(apiserver.certFile, next.cert);
        await new Promise((resolve) => setTimeout(resolve, 250));
        expect(await shown()).toBe(before);
        await writeFile(apiserver.keyFile, next.key);
        await until(async () => (await shown()) !== before);

        const other = await createAuthority('other', validity());
        const ann: Credentials = await server.userOf(other, 'ann');
        expect(await server.whoAmI(ann)).toBeUndefined();
        await writeFile(ca.certFile, `${ca.cert}\n${other.cert}`);
        await until(async () => (await server.whoAmI(ann))?.username === 'ann');
        expect((await server.whoAmI({ certificate: jane }))?.username).toBe('jane');
        const config = 'GET /api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
        await until(async () => JSON.stringify(await server.make(config)).includes(other.cert.slice(30, 60)));
        await writeFile(ca.certFile, ca.cert);
        await until(async () => (await server.whoAmI(ann)) === undefined);
    });
});
