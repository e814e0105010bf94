import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey, randomBytes, type webcrypto } from 'node:crypto';
import { connect, type ConnectionOptions } from 'node:tls';
import { Command } from 'commander';
import { addFlags, readFlags } from '../../src/cli/flags.ts';
import { tlsFlags } from '../../src/cli/flag-sets/tls-flags.ts';
import { generatePrivateKey, issueCertificate, type KeyPair, loadX509 } from '../../src/pki/authority.ts';
import { tlsSettings } from '../../src/util/tls-settings.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const hourMs = 3_600_000;
const validity = { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + hourMs) };
const suite = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384';

interface IntermediateOptions {
    pathLength?: number;
    isAuthority?: boolean;
    notAfter?: Date;
}

async function keysOf(pem: string): Promise<webcrypto.CryptoKeyPair> {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const key = createPrivateKey(pem);
    const { subtle } = globalThis.crypto;
    const privateBytes = key.export({ type: 'pkcs8', format: 'der' });
    const publicBytes = createPublicKey(key).export({ type: 'spki', format: 'der' });
    return {
        privateKey: await subtle.importKey('pkcs8', privateBytes, algorithm, true, ['sign']),
        publicKey: await subtle.importKey('spki', publicBytes, algorithm, true, ['verify']),
    };
}

/** An authority that `above` has signed. */
async function authorityBelow(
    above: KeyPair,
    name: string,
    { pathLength, isAuthority = true, notAfter = validity.notAfter }: IntermediateOptions = {},
): Promise<KeyPair> {
    const x509 = await loadX509();
    const key = generatePrivateKey();
    const keys = await keysOf(key);
    const signer = await keysOf(above.key);
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: `01${randomBytes(8).toString('hex')}`,
        subject: `CN=${name}`,
        issuer: new x509.X509Certificate(above.cert).subjectName,
        notBefore: validity.notBefore,
        notAfter,
        signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
        publicKey: keys.publicKey,
        signingKey: signer.privateKey,
        extensions: [
            new x509.BasicConstraintsExtension(isAuthority, pathLength, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        ],
    });
    return { cert: `${certificate.toString('pem')}\n`, key };
}

const leafOf = async (authority: KeyPair): Promise<KeyPair> =>
    await issueCertificate(authority, {
        commonName: 'jane',
        organizations: ['dev'],
        usages: ['client'],
        validity,
    });

describe('TLS of the API server', () => {
    let fixture: ApiServerFixture;

    beforeAll(async () => {
        fixture = await ApiServerFixture.start({ tlsSettings: tlsSettings([suite], 'VersionTLS12') });
    });
    afterAll(async () => {
        await fixture.stop();
    });

    describe('a client certificate', () => {
        const chained = (leaf: KeyPair, ...above: KeyPair[]): KeyPair => ({
            key: leaf.key,
            cert: [leaf, ...above].map(({ cert }) => cert).join(''),
        });
        const accepted = async (as: KeyPair): Promise<boolean> => {
            const { headers } = await fixture.call('GET', '/version', { as });
            const { status } = await fixture.call('GET', '/api/v1/pods', { as });
            expect(headers['audit-id']).toBeDefined();
            return status !== 401;
        };

        it('is believed with the intermediates that the client sends, in any order', async () => {
            const first = await authorityBelow(fixture.clientAuthority, 'first');
            const second = await authorityBelow(first, 'second');
            const leaf = await leafOf(second);
            expect(await accepted(chained(leaf, second, first))).toBe(true);
            const { status, text } = await fixture.call('GET', '/api/v1/pods', {
                as: chained(leaf, second, first),
            });
            expect([status, text]).toEqual([403, expect.stringContaining('User \\"jane\\" cannot list')]);
        });

        it.each<[string, () => Promise<KeyPair>]>([
            [
                'whose intermediate is not sent',
                async () => await leafOf(await authorityBelow(fixture.clientAuthority, 'absent')),
            ],
            [
                'of an intermediate that is no authority',
                async () => {
                    const no = await authorityBelow(fixture.clientAuthority, 'no', { isAuthority: false });
                    return chained(await leafOf(no), no);
                },
            ],
            [
                'of an intermediate that has expired',
                async () => {
                    const notAfter = new Date(Date.now() - 1000);
                    const old = await authorityBelow(fixture.clientAuthority, 'old', { notAfter });
                    return chained(await leafOf(old), old);
                },
            ],
            [
                'of an authority that may have none below it',
                async () => {
                    const last = await authorityBelow(fixture.clientAuthority, 'last', { pathLength: 0 });
                    const tooMany = await authorityBelow(last, 'too-many');
                    return chained(await leafOf(tooMany), tooMany, last);
                },
            ],
            [
                'of an intermediate that nobody has signed',
                async () => {
                    const key = generatePrivateKey();
                    const own = await authorityBelow({ key, cert: fixture.certificateAuthority }, 'own');
                    return chained(await leafOf(own), own);
                },
            ],
        ])('%s is refused', async (_what, make) => {
            expect(await accepted(await make())).toBe(false);
        });
    });

    const handshake = async (options: ConnectionOptions): Promise<string> =>
        await new Promise((resolve) => {
            const { host, port } = fixture.server.address;
            const socket = connect({ host, port, ca: fixture.certificateAuthority, ...options }, () => {
                resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`);
                socket.destroy();
            });
            socket.on('error', ({ message }: Error) => {
                resolve(/alert [a-z ]+/.exec(message)?.[0] ?? 'failed');
            });
        });

    it('speaks the suites and versions that flags name, and no others', async () => {
        expect(await handshake({ maxVersion: 'TLSv1.2' })).toBe(`TLSv1.2 ${suite}`);
        expect(await handshake({})).toMatch(/^TLSv1\.3 TLS_/);
        expect(
            await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }),
        ).toContain('alert');
        const { cert, key } = await issueCertificate(fixture.clientAuthority, {
            commonName: 'kube-apiserver',
            usages: ['server'],
            ipAddresses: ['127.0.0.1'],
            validity,
        });
        fixture.server.setTls({ cert, key, settings: tlsSettings([], 'VersionTLS13') });
        expect(await handshake({ maxVersion: 'TLSv1.2' })).toContain('alert');
        expect(await handshake({})).toMatch(/^TLSv1\.3 /);
    });

    it.each<[string[], string | undefined]>([
        [['--tls-cipher-suites=TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA'], undefined],
        [['--tls-min-version='], undefined],
        [['--tls-cipher-suites=NO_SUCH'], "Cipher suite NO_SUCH not supported or doesn't exist"],
        [['--tls-min-version=TLSv1'], 'unknown tls version "TLSv1"'],
    ])('takes %j or says what is wrong with it', async (args, problem) => {
        const command = addFlags(
            new Command().exitOverride().configureOutput({ writeErr: () => undefined }),
            tlsFlags,
        );
        const read = async (): Promise<object> => {
            await command.parseAsync(args, { from: 'user' });
            return await readFlags(command, tlsFlags);
        };
        if (problem === undefined) expect(await read()).toMatchObject({ 'tls-min-version': 'VersionTLS12' });
        else await expect(read()).rejects.toThrow(problem);
    });
});
