import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resourceDefinitions } from '../../../src/api/groups/index.ts';
import type { Client } from '../../../src/client/client.ts';
import { loadKubeconfig, renderKubeconfig, type ClientConfig } from '../../../src/client/kubeconfig.ts';
import {
    type AssembledApiServer,
    assembleApiServer,
} from '../../../src/components/apiserver/assembly/assemble.ts';
import { reconcileBootstrapPolicy } from '../../../src/components/apiserver/authz/bootstrap-policy.ts';
import type { AssemblyOptions } from '../../../src/components/apiserver/assembly/options.ts';
import { WatchCaches } from '../../../src/components/apiserver/watch-caches.ts';
import { createAuthority, issueCertificate, publicKeyOf } from '../../../src/pki/authority.ts';
import { openMemoryStore } from '../../../src/store/mvcc/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { Lifecycle } from '../../../src/util/lifecycle.ts';
import { silentLogger, type Logger } from '../../../src/util/logger.ts';

/** A real API server over an in-memory store, with RBAC and its bootstrap policy. */
export interface TestApiServer {
    /** In-process, as system:masters. */
    admin: Client;
    /** In-process, as anybody. */
    as(username: string, groups: string[]): Client;
    /** In-process, as a service account of kube-system. */
    serviceAccount(name: string): Client;
    /** Path of a kubeconfig for system:masters over HTTPS. */
    kubeconfig: string;
    config: ClientConfig;
    /** Stops the server and starts another one on the same port and store; in-process clients end. */
    restart(whileDown?: () => Promise<void>): Promise<void>;
    stop(): Promise<void>;
}

const hourMs = 3_600_000;

export async function startApiServer(
    options: {
        logger?: Logger;
        admission?: AssemblyOptions['admission'];
        /** Whoever gives one closes it. Default: an empty one in memory. */
        store?: Store;
        /** Also makes the objects that every cluster has. Default: only roles and bindings. */
        isBootstrapped?: boolean;
    } = {},
): Promise<TestApiServer> {
    const { logger = silentLogger(), admission = [], isBootstrapped = false } = options;
    const validity = {
        notBefore: new Date(Date.now() - hourMs),
        notAfter: new Date(Date.now() + 24 * hourMs),
    };
    const authority = await createAuthority('kubernetes', validity);
    const serving = await issueCertificate(authority, {
        commonName: 'kube-apiserver',
        usages: ['server'],
        ipAddresses: ['127.0.0.1'],
        validity,
    });
    const client = await issueCertificate(authority, {
        commonName: 'admin',
        organizations: ['system:masters'],
        usages: ['client'],
        validity,
    });
    const store = options.store ?? (await openMemoryStore());
    const definitions = resourceDefinitions();
    const caches = new WatchCaches({ store, definitions, logger });
    const make = async (port: number): Promise<{ assembled: AssembledApiServer; lifecycle: Lifecycle }> => {
        const lifecycle = new Lifecycle();
        const assembled = await assembleApiServer(
            {
                caches,
                definitions,
                logger,
                listen: { address: '127.0.0.1', port, tls: { ...serving, clientCa: authority.cert } },
                advertiseAddress: '127.0.0.1',
                auth: {
                    authentication: { clientCa: authority.cert },
                    authorization: { modes: ['Node', 'RBAC'] },
                    serviceAccounts: {
                        publicKeys: publicKeyOf(authority.key),
                        privateKey: authority.key,
                        issuers: ['https://kubernetes.default.svc'],
                    },
                },
                admission,
                peers: { kubelet: client, extensions: client },
                requests: { priorityAndFairness: false },
                services: { clusterIpRange: '10.96.0.0/16', nodePorts: { first: 30_000, last: 32_767 } },
            },
            lifecycle,
        );
        if (isBootstrapped) await assembled.bootstrap();
        return { assembled, lifecycle };
    };
    let made = await make(0);
    const { server } = made.assembled;
    const as = (username: string, groups: string[]): Client =>
        made.assembled.clientFor({ username, uid: '', groups, extra: {} });
    const admin = as('admin', ['system:masters', 'system:authenticated']);
    if (!isBootstrapped) await reconcileBootstrapPolicy(admin);
    const directory = await mkdtemp(join(tmpdir(), 'hyperkube-api-'));
    const kubeconfig = join(directory, 'admin.conf');
    const content = renderKubeconfig({
        server: `https://127.0.0.1:${server.address.port}`,
        userName: 'admin',
        certificateAuthority: authority.cert,
        credentials: { type: 'certificate', certificate: client.cert, key: client.key },
    });
    await writeFile(kubeconfig, content, { mode: 0o600 });
    return {
        admin,
        as,
        serviceAccount: (name) => made.assembled.serviceAccountClient(name),
        kubeconfig,
        config: await loadKubeconfig(kubeconfig),
        restart: async (whileDown) => {
            const { port } = made.assembled.server.address;
            await made.lifecycle.stop();
            await whileDown?.();
            made = await make(port);
        },
        stop: async () => {
            await made.lifecycle.stop();
            caches.stop();
            if (options.store === undefined) await store.close();
            await rm(directory, { recursive: true, force: true });
        },
    };
}

/** Waits until `check` gives something; fails with the last state after 10 s. */
export async function eventually<T>(
    what: string,
    check: () => T | undefined | false | Promise<T | undefined | false>,
    timeoutMs = 10_000,
): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
        const value = await check();
        if (value !== undefined && value !== false) return value;
        if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
}
