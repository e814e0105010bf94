import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiRoutes } from '../../src/components/apiserver/openapi/routes.ts';
import { createAuthority, issueCertificate } from '../../src/pki/authority.ts';
import type { EtcdTls } from '../../src/store/etcd/client/grpc-channel.ts';
import { openEtcdStore } from '../../src/store/etcd/client/open-etcd-store.ts';
import { put } from '../../src/store/conformance/helpers.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import { isInstalled } from '../harness/installed.ts';
import { EtcdProcess } from './support/etcd-process.ts';

interface TlsFiles {
    tls: Required<EtcdTls>;
    files: { ca: string; cert: string; key: string };
}

/** One certificate that is good for etcd and for its clients. */
async function certificates(directory: string): Promise<TlsFiles> {
    const hourMs = 3_600_000;
    const validity = { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + hourMs) };
    const authority = await createAuthority('etcd-ca', validity);
    const { cert, key } = await issueCertificate(authority, {
        commonName: 'etcd',
        usages: ['server', 'client'],
        ipAddresses: ['127.0.0.1'],
        validity,
    });
    const tls = { ca: authority.cert, cert, key };
    const files = { ca: join(directory, 'ca'), cert: join(directory, 'cert'), key: join(directory, 'key') };
    for (const name of ['ca', 'cert', 'key'] as const)
        await writeFile(files[name], tls[name], { mode: 0o600 });
    return { tls, files };
}

const configMap = (name: string, value: string): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { value },
});
const collection = '/api/v1/namespaces/default/configmaps';

(isInstalled('etcd') ? describe : describe.skip)(
    'API servers on a real etcd of three members, over TLS',
    () => {
        let directory: string;
        let certs: TlsFiles;
        let etcd: EtcdProcess;
        let [first, second]: ApiServerFixture[] = [];

        const server = (which: ApiServerFixture | undefined): ApiServerFixture => {
            if (which === undefined) throw new Error('the API server is not running');
            return which;
        };
        const start = async (): Promise<ApiServerFixture> => {
            const { endpoints } = etcd;
            const options = {
                endpoints,
                tls: certs.tls,
                prefix: '/elsewhere/registry',
                logger: silentLogger(),
            };
            return await ApiServerFixture.start({
                store: await openEtcdStore(options),
                extensions: { routes: openApiRoutes() },
            });
        };
        const etcdctl = (...args: string[]): string => {
            const { ca, cert, key } = certs.files;
            const tls = [`--cacert=${ca}`, `--cert=${cert}`, `--key=${key}`];
            return execFileSync('etcdctl', [`--endpoints=${etcd.endpoints.join(',')}`, ...tls, ...args], {
                encoding: 'utf8',
                env: { ...process.env, ETCDCTL_API: '3' },
            });
        };

        beforeAll(async () => {
            directory = await mkdtemp(join(tmpdir(), 'hyperkube-etcd-tls-'));
            certs = await certificates(directory);
            etcd = await EtcdProcess.start({ members: 3, tls: certs.files });
            [first, second] = await Promise.all([start(), start()]);
            const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
            await server(first).call('POST', '/api/v1/namespaces', { body: namespace });
        }, 120_000);
        afterAll(async () => {
            await first?.stop();
            await second?.stop();
            await etcd.stop();
            await rm(directory, { recursive: true });
        }, 60_000);

        it('keep objects where upstream keeps them, under the prefix', async () => {
            const { status } = await server(first).call('POST', collection, {
                body: configMap('where', 'here'),
            });
            expect(status).toBe(201);
            const found = etcdctl('get', '--prefix', '/elsewhere/', '--keys-only').split('\n');
            expect(found).toContain('/elsewhere/registry/configmaps/default/where');
        });

        it("see each other's writes at once, by get, list and watch", async () => {
            const watch = await server(second).watch(`${collection}?watch=1&resourceVersion=0`);
            for (let i = 0; i < 20; i++) {
                const name = `seen-${i}`;
                const created = await server(first).call('POST', collection, { body: configMap(name, '1') });
                expect(created.status).toBe(201);
                const got = await server(second).call('GET', `${collection}/${name}`);
                expect(got.status).toBe(200);
                const listed = await server(second).call('GET', collection);
                expect(listed.text).toContain(`"${name}"`);
            }
            for (;;) {
                const frame = await watch.next();
                expect(frame?.type).toBe('ADDED');
                if (frame?.object.metadata?.name === 'seen-19') break;
            }
            watch.close();
        });

        it('answer reads although others write to the same etcd, outside of the prefix', async () => {
            etcdctl('put', '/not-ours', '1');
            const began = Date.now();
            expect((await server(second).call('GET', collection)).status).toBe(200);
            expect(Date.now() - began).toBeLessThan(2_500);
        });

        it('are driven by kubectl: apply, get, delete', async () => {
            const file = join(directory, 'map.json');
            await writeFile(file, JSON.stringify(configMap('applied', '1')));
            const kubectl = async (
                which: ApiServerFixture | undefined,
                ...args: string[]
            ): Promise<string> => {
                const { code, stdout, stderr } = await server(which).kubectl(...args);
                expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
                return stdout;
            };
            expect(await kubectl(first, 'apply', '-f', file)).toContain('configmap/applied created');
            expect(await kubectl(second, 'get', 'configmaps')).toMatch(/applied +1/);
            expect(await kubectl(second, 'delete', 'configmap', 'applied')).toContain('deleted');
            const gone = await server(first).kubectl('get', 'configmap', 'applied');
            expect(gone.stderr).toContain('NotFound');
        });

        it('have everything after a restart, and watches go on where they were', async () => {
            const { text } = await server(second).call('GET', collection);
            const before = JSON.parse(text) as { metadata: { resourceVersion: string }; items: object[] };
            await server(first).call('POST', collection, { body: configMap('during', '1') });
            await second?.stop();
            second = await start();
            const after = await server(second).call('GET', collection);
            expect((JSON.parse(after.text) as { items: object[] }).items).toHaveLength(
                before.items.length + 1,
            );
            const { resourceVersion } = before.metadata;
            const watch = await server(second).watch(
                `${collection}?watch=1&resourceVersion=${resourceVersion}`,
            );
            expect((await watch.next())?.object.metadata?.name).toBe('during');
            watch.close();
        }, 60_000);

        it('go on with another member when theirs is killed, and no watch misses anything', async () => {
            const watch = await server(first).watch(`${collection}?watch=1`);
            const names: string[] = [];
            for (let i = 0; i < 30; i++) {
                if (i === 10) await etcd.stopMember(0);
                for (;;) {
                    const name = `failover-${i}`;
                    const made = await server(second).call('POST', collection, {
                        body: configMap(name, '1'),
                    });
                    // The outcome of a request that broke off is unknown: it may be there already.
                    if (made.status === 201 || made.status === 409) break;
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
                names.push(`failover-${i}`);
            }
            const seen: (string | undefined)[] = [];
            while (seen.at(-1) !== names.at(-1)) {
                const frame = await watch.next();
                if (frame === undefined) throw new Error('the watch ended');
                if (frame.type === 'ADDED') seen.push(frame.object.metadata?.name);
            }
            expect(seen.filter((name) => name?.startsWith('failover'))).toEqual(names);
            watch.close();
            await etcd.startMember(0);
        }, 90_000);
    },
);

(isInstalled('etcd') ? describe : describe.skip)('the store over a real etcd', () => {
    it('ends a watch whose history was compacted while it was away, and says so', async () => {
        const etcd = await EtcdProcess.start();
        const store = await openEtcdStore({ endpoints: etcd.endpoints, logger: silentLogger() });
        const other = await openEtcdStore({ endpoints: etcd.endpoints, logger: silentLogger() });
        for (const value of ['1', '2', '3']) await put(other, '/a', value);
        await other.compact(4);
        const reason = await new Promise((resolve) => {
            store.watch({ key: '/a', startRevision: 2 }, resolve, (error) => {
                resolve(error.reason);
            });
        });
        expect(reason).toBe('compacted');
        expect(store.compactedRevision).toBe(4);
        await store.close();
        await other.close();
        await etcd.stop();
    }, 60_000);
});
