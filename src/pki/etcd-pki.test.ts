import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { issueCertificate } from './authority.ts';
import { certificateSubject, hasUsage, isIssuedBy } from './certificate-check.ts';
import { ensureEtcdPki, etcdPeerOrganization, type EtcdPkiOptions } from './etcd-pki.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 1);
const at = (ms: number) => ({ nowMs: () => ms, monotonicMs: () => ms, setTimer: () => () => undefined });

describe('etcd PKI', () => {
    let directory: string;
    let options: EtcdPkiOptions;

    beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hk-etcd-pki-'));
        options = {
            directory,
            nodeName: 'pi-1',
            hostName: 'pi-1.local',
            ipAddresses: ['192.168.1.10'],
            extraNames: ['store.example', '10.1.1.1'],
            clock: at(nowMs),
        };
    });
    afterEach(async () => {
        await rm(directory, { recursive: true });
    });

    it("makes kubeadm's files on the first start and nothing on the second", async () => {
        const first = await ensureEtcdPki(options);
        const second = await ensureEtcdPki(options);
        expect(first.issued.map(({ name }) => name)).toEqual([
            'etcd/ca',
            'etcd/server',
            'etcd/peer',
            'etcd/healthcheck-client',
            'apiserver-etcd-client',
        ]);
        expect(second).toEqual({ ...first, issued: [] });
        expect((await stat(join(directory, 'etcd'))).mode & 0o777).toBe(0o700);
        expect((await stat(first.peer.keyFile)).mode & 0o777).toBe(0o600);
    });

    it('names the member, and tells members from clients', async () => {
        const pki = await ensureEtcdPki(options);
        const peer = new X509Certificate(pki.peer.cert);
        expect(isIssuedBy(peer, new X509Certificate(pki.ca.cert))).toBe(true);
        expect(certificateSubject(peer)).toEqual({
            commonName: 'pi-1',
            organizations: [etcdPeerOrganization],
        });
        expect([hasUsage(peer, 'server'), hasUsage(peer, 'client')]).toEqual([true, true]);
        for (const name of ['pi-1', 'pi-1.local', 'store.example']) expect(peer.checkHost(name)).toBe(name);
        for (const ip of ['192.168.1.10', '10.1.1.1', '127.0.0.1']) expect(peer.checkIP(ip)).toBe(ip);
        for (const other of [pki.server, pki.healthcheckClient, pki.apiserverClient])
            expect(certificateSubject(new X509Certificate(other.cert)).organizations).toEqual([]);
        expect(hasUsage(new X509Certificate(pki.apiserverClient.cert), 'server')).toBe(false);
    });

    it('renews what expires soon and what names other hosts', async () => {
        const first = await ensureEtcdPki(options);
        const later = await ensureEtcdPki({ ...options, clock: at(nowMs + 300 * dayMs) });
        expect(later.issued.map(({ name, reason }) => `${name}: ${reason}`)).toContain(
            'etcd/peer: it expires soon',
        );
        expect(later.ca.cert).toBe(first.ca.cert);
        const moved = await ensureEtcdPki({ ...options, ipAddresses: ['192.168.1.11'] });
        expect(moved.issued.map(({ name }) => name)).toEqual(['etcd/server', 'etcd/peer']);
    });

    it("replaces a peer certificate as kubeadm makes it, which is not told from a client's", async () => {
        const { ca, peer } = await ensureEtcdPki(options);
        const validity = { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + 300 * dayMs) };
        const plain = await issueCertificate(ca, {
            commonName: 'pi-1',
            usages: ['server', 'client'],
            validity,
        });
        await writeFile(peer.certFile, plain.cert);
        await writeFile(peer.keyFile, plain.key);
        const { issued } = await ensureEtcdPki(options);
        expect(issued).toEqual([{ name: 'etcd/peer', reason: 'the organizations have changed' }]);
    });

    it('says what is missing when the authority is kept elsewhere', async () => {
        const { ca, server } = await ensureEtcdPki(options);
        await unlink(ca.keyFile);
        await expect(ensureEtcdPki(options)).resolves.toMatchObject({ issued: [] });
        await unlink(server.certFile);
        await expect(ensureEtcdPki(options)).rejects.toThrow('the key of its authority is not in');
    });
});
