import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from './authority.ts';
import { certificateSubject, hasUsage, isIssuedBy } from './certificate-check.ts';
import { ensureClusterPki, type ClusterPkiOptions } from './cluster-pki.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 1);
const at = (ms: number) => ({ nowMs: () => ms, monotonicMs: () => ms, setTimer: () => () => undefined });

describe('cluster PKI', () => {
    let directory: string;
    let options: ClusterPkiOptions;

    beforeEach(async () => {
        directory = join(await mkdtemp(join(tmpdir(), 'hk-pki-')), 'pki');
        options = {
            directory,
            nodeName: 'pi-1',
            hostName: 'pi-1',
            ipAddresses: ['192.168.1.10', 'fd00::10'],
            serviceIp: '10.96.0.1',
            clock: at(nowMs),
        };
    });
    afterEach(async () => {
        await rm(join(directory, '..'), { recursive: true });
    });

    it('makes everything on the first start and nothing on the second', async () => {
        const first = await ensureClusterPki(options);
        const second = await ensureClusterPki(options);
        expect(first.issued.map(({ name }) => name)).toEqual([
            'ca',
            'front-proxy-ca',
            'apiserver',
            'apiserver-kubelet-client',
            'front-proxy-client',
            'kubelet',
            'sa',
            'admin',
            'controller-manager',
            'scheduler',
            'kube-proxy',
            'kubelet-client',
        ]);
        expect(second).toEqual({ ...first, issued: [] });
    });

    it('keeps keys and the directory for their owner alone and leaves no temporary files', async () => {
        await ensureClusterPki(options);
        expect((await stat(directory)).mode & 0o777).toBe(0o700);
        for (const file of await readdir(directory)) {
            const mode = (await stat(join(directory, file))).mode & 0o777;
            expect({ file, mode }).toEqual({ file, mode: file.endsWith('.key') ? 0o600 : 0o644 });
            expect(file).toMatch(/\.(crt|key|pub)$/);
        }
    });

    it('gives each certificate the subject, usage and names that its holder needs', async () => {
        const pki = await ensureClusterPki(options);
        const ca = new X509Certificate(pki.ca.cert);
        const server = new X509Certificate(pki.apiserver.cert);
        expect(ca.ca).toBe(true);
        expect(isIssuedBy(server, ca)).toBe(true);
        expect(hasUsage(server, 'client')).toBe(false);
        for (const name of ['kubernetes.default.svc.cluster.local', 'localhost', 'pi-1']) {
            expect(server.checkHost(name)).toBe(name);
        }
        for (const ip of ['192.168.1.10', '10.96.0.1', '127.0.0.1', 'fd00::10']) {
            expect(server.checkIP(ip)).toBe(ip);
        }
        const admin = new X509Certificate(pki.clients.admin.cert);
        expect(certificateSubject(admin)).toEqual({
            commonName: 'kubernetes-admin',
            organizations: ['system:masters'],
        });
        const kubelet = new X509Certificate(pki.clients.kubelet.cert);
        expect(certificateSubject(kubelet)).toEqual({
            commonName: 'system:node:pi-1',
            organizations: ['system:nodes'],
        });
        expect(Date.parse(admin.validFrom)).toBeLessThanOrEqual(nowMs - 3_600_000);
    });

    it('issues the serving certificates again when the node has another address', async () => {
        const before = await ensureClusterPki(options);
        const after = await ensureClusterPki({ ...options, ipAddresses: ['192.168.1.11'] });
        expect(after.issued).toEqual([
            { name: 'apiserver', reason: 'a subject alternative name is missing' },
            { name: 'kubelet', reason: 'a subject alternative name is missing' },
        ]);
        expect(after.ca.cert).toBe(before.ca.cert);
    });

    it('renews leaves with less than a third left, and the authority with the same key', async () => {
        const first = await ensureClusterPki(options);
        expect((await ensureClusterPki({ ...options, clock: at(nowMs + 200 * dayMs) })).issued).toEqual([]);
        const later = await ensureClusterPki({ ...options, clock: at(nowMs + 300 * dayMs) });
        expect(later.issued).toHaveLength(9);
        const muchLater = await ensureClusterPki({ ...options, clock: at(nowMs + 2600 * dayMs) });
        expect(muchLater.ca.key).toBe(first.ca.key);
        expect(muchLater.ca.cert).not.toBe(first.ca.cert);
        const oldLeaf = new X509Certificate(later.clients.admin.cert);
        expect(isIssuedBy(oldLeaf, new X509Certificate(muchLater.ca.cert))).toBe(true);
    });

    it('renews nothing while the clock stands before everything, and dates from a plausible day', async () => {
        await ensureClusterPki(options);
        expect((await ensureClusterPki({ ...options, clock: at(1000) })).issued).toEqual([]);
        await rm(directory, { recursive: true });
        const pki = await ensureClusterPki({ ...options, clock: at(1000) });
        expect(Date.parse(new X509Certificate(pki.apiserver.cert).validTo)).toBeGreaterThan(
            Date.UTC(2025, 11, 1),
        );
    });

    it('works with an RSA authority as kubeadm makes it', async () => {
        const rsa = generateKeyPairSync('rsa', {
            modulusLength: 2048,
            privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
            publicKeyEncoding: { type: 'spki', format: 'pem' },
        });
        await ensureClusterPki(options);
        const ca = await createAuthority(
            'kubernetes',
            { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + 3650 * dayMs) },
            rsa.privateKey,
        );
        await writeFile(join(directory, 'ca.crt'), ca.cert);
        await writeFile(join(directory, 'ca.key'), ca.key);
        await writeFile(join(directory, 'sa.key'), rsa.privateKey);
        const pki = await ensureClusterPki(options);
        expect(pki.issued[0]).toEqual({ name: 'apiserver', reason: 'it was signed by another authority' });
        expect(isIssuedBy(new X509Certificate(pki.apiserver.cert), new X509Certificate(ca.cert))).toBe(true);
        expect(await readFile(join(directory, 'sa.pub'), 'utf8')).toBe(rsa.publicKey);
    });

    it('says what is wrong when the key of the authority is kept elsewhere', async () => {
        await ensureClusterPki(options);
        await rm(join(directory, 'ca.key'));
        expect((await ensureClusterPki(options)).ca.key).toBe('');
        await rm(join(directory, 'admin.crt'));
        await expect(ensureClusterPki(options)).rejects.toThrow('admin.crt must be issued (it was missing)');
    });

    it('refuses an authority whose key is another one, and touches nothing', async () => {
        const pki = await ensureClusterPki(options);
        await writeFile(pki.ca.keyFile, pki.frontProxyCa.key);
        await expect(ensureClusterPki(options)).rejects.toThrow('the key does not belong to the certificate');
    });
});
