import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ensureEtcdPki, type EtcdPki } from '../../src/pki/etcd-pki.ts';
import { MemberProcesses, type MemberProcess } from './etcdctl/member-processes.ts';
import { isInstalled } from '../harness/installed.ts';
import type { Outcome } from './etcdctl/servers.ts';

/** Far below the 5 s after which etcdctl gives up by itself. */
const refusedWithinMs = 2_000;
const startTimeoutMs = 60_000;

/** How the connection of a client without a certificate ends, and after how long. */
async function refusal(url: string, ca: string): Promise<{ code: string; tookMs: number }> {
    const { hostname: host, port } = new URL(url);
    const startedMs = performance.now();
    // TLS 1.3: the client believes itself connected before the server has looked for its certificate.
    const socket = connect({ host, port: Number(port), ca, ALPNProtocols: ['h2'] });
    const code = await new Promise<string>((resolve) => {
        socket.once('error', (error: NodeJS.ErrnoException) => {
            resolve(error.code ?? error.message);
        });
        socket.once('data', () => {
            resolve('served');
        });
        socket.once('close', () => {
            resolve('closed');
        });
    });
    socket.destroy();
    return { code, tookMs: performance.now() - startedMs };
}

const installed = isInstalled('etcdctl');
if (!installed)
    console.warn('etcdctl is not installed (etcd-client): hyperkube etcd over TLS is not checked');

(installed ? describe : describe.skip)(
    'hyperkube etcd over TLS with certificates of clients and members',
    () => {
        const processes = new MemberProcesses();
        let pki: EtcdPki;
        let foreign: EtcdPki;
        let members: MemberProcess[] = [];

        /** The server's certificates are good for members, too: as in etcd, it is the authority that counts. */
        const flags = (peers: EtcdPki): string[] => [
            ...['--cert-file', pki.server.certFile, '--key-file', pki.server.keyFile],
            ...['--client-cert-auth', '--trusted-ca-file', pki.ca.certFile],
            ...['--peer-cert-file', peers.server.certFile, '--peer-key-file', peers.server.keyFile],
            ...['--peer-client-cert-auth', '--peer-trusted-ca-file', pki.ca.certFile],
        ];

        const authorised = async (member: MemberProcess, ...args: string[]): Promise<Outcome> => {
            const { certFile, keyFile } = pki.healthcheckClient;
            return await member.ctl(
                '--cacert',
                pki.ca.certFile,
                '--cert',
                certFile,
                '--key',
                keyFile,
                ...args,
            );
        };

        beforeAll(async () => {
            const pkiIn = async (name: string): Promise<EtcdPki> =>
                await ensureEtcdPki({
                    directory: join(processes.directory, name),
                    nodeName: 'local',
                    hostName: 'localhost',
                });
            [pki, foreign] = await Promise.all([pkiIn('pki'), pkiIn('foreign')]);
            members = await Promise.all(
                ['one', 'two'].map(async (name) => await processes.prepare(name, 'https')),
            );
            const initial = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
            for (const member of members) member.start([...flags(pki), '--initial-cluster', initial]);
            const deadline = Date.now() + startTimeoutMs;
            for (const member of members) {
                let seen = await authorised(member, 'endpoint', 'health');
                while (seen.code !== 0 && Date.now() < deadline) {
                    seen = await authorised(member, 'endpoint', 'health');
                }
                if (seen.code !== 0) throw new Error(`${member.name}: ${seen.error}\n${member.log}`);
            }
        }, 120_000);

        afterAll(async () => {
            await processes.stop();
        }, 60_000);

        it('members whose certificates are by the authority form a cluster', async () => {
            const [one, two] = members as [MemberProcess, MemberProcess];
            expect(await authorised(one, 'put', 'k', 'v')).toMatchObject({ code: 0, stdout: 'OK\n' });
            expect(await authorised(two, 'get', 'k')).toMatchObject({ stdout: 'k\nv\n' });
        }, 60_000);

        it('a client without a certificate is refused at once, and its put is not made', async () => {
            const [one] = members as [MemberProcess];
            const { code, tookMs } = await refusal(one.url, pki.ca.cert);
            expect(code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
            expect(tookMs).toBeLessThan(refusedWithinMs);
            const put = await one.ctl(
                '--cacert',
                pki.ca.certFile,
                '--command-timeout=1s',
                'put',
                'k',
                'stolen',
            );
            expect(put).toMatchObject({ code: 1, stdout: '' });
            expect(await authorised(one, 'get', 'k')).toMatchObject({ stdout: 'k\nv\n' });
        }, 60_000);

        it('a client with a certificate by somebody else is refused', async () => {
            const [one] = members as [MemberProcess];
            const { certFile, keyFile } = foreign.healthcheckClient;
            const identity = ['--cacert', pki.ca.certFile, '--cert', certFile, '--key', keyFile];
            const put = await one.ctl(...identity, '--command-timeout=1s', 'put', 'k', 'stolen');
            expect(put).toMatchObject({ code: 1, stdout: '' });
            expect(await authorised(one, 'get', 'k')).toMatchObject({ stdout: 'k\nv\n' });
        }, 60_000);

        it('a member with a certificate by somebody else cannot join, and says why', async () => {
            const [one] = members as [MemberProcess];
            const stranger = await processes.prepare('stranger', 'https');
            const initial = [one, stranger].map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
            stranger.start([
                ...flags(foreign),
                ...['--initial-cluster', initial, '--initial-cluster-state', 'existing'],
            ]);
            expect(await stranger.ended()).toBe(1);
            expect(stranger.log).toMatch(/cannot join the cluster/);
        }, 60_000);
    },
);
