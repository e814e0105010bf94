import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../store/cluster.ts';
import type { EtcdTls } from '../../store/etcd/client/grpc-channel.ts';
import type { Store } from '../../store/store.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { ApiServerSetup } from './apiserver.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import { FlagError } from './flag-error.ts';

export interface ControlPlaneStore {
    store: Store;
    /** Undefined where the store is a real etcd. */
    cluster: Cluster | undefined;
    /** There are, or may be, other API servers on it. */
    isShared: () => boolean;
    /** Serves the etcd API, where that is wanted: once the API server answers, which is what people wait for. */
    serveEtcdApi: () => Promise<void>;
}

/** Opens where the API server keeps its objects: a real etcd with --etcd-servers, else the embedded store. */
export async function openControlPlaneStore(
    setup: ApiServerSetup,
    lifecycle: Lifecycle,
): Promise<ControlPlaneStore> {
    const { flags, logger } = setup;
    if (flags['etcd-servers'].length > 0) {
        const store = await openEtcd(flags, logger);
        lifecycle.add({
            stop: async () => {
                await store.close();
            },
        });
        return {
            store,
            cluster: undefined,
            isShared: () => true,
            serveEtcdApi: () => Promise.resolve(),
        };
    }
    const { member, serveEtcdApi } = await openEmbeddedStore(setup, lifecycle);
    const { store, cluster } = member;
    return { store, cluster, isShared: () => cluster.members().length > 1, serveEtcdApi };
}

/** Keys are upstream's, "<prefix>/pods/<namespace>/<name>"; values are JSON, as ours are everywhere. */
async function openEtcd(flags: ApiServerSetup['flags'], logger: Logger): Promise<Store> {
    const endpoints = flags['etcd-servers'].map(etcdEndpoint);
    const files = {
        ca: flags['etcd-cafile'],
        cert: flags['etcd-certfile'],
        key: flags['etcd-keyfile'],
    };
    if ((files.cert === '') !== (files.key === ''))
        throw new FlagError('--etcd-certfile and --etcd-keyfile: one is of no use without the other');
    const tls: EtcdTls = {};
    for (const [name, file] of Object.entries(files) as [keyof typeof files, string][])
        if (file !== '') tls[name] = await readPem(file, `--etcd-${name}file`);
    const prefix = `/${flags['etcd-prefix'].split('/').filter(Boolean).join('/')}`;
    if (prefix === '/') throw new FlagError('--etcd-prefix: expected a path such as /registry');
    const { openEtcdStore } = await import('../../store/etcd/client/open-etcd-store.ts');
    return await openEtcdStore({ endpoints, tls, prefix, logger });
}

function etcdEndpoint(text: string): string {
    const whole = text.includes('://') ? text : `http://${text}`;
    const url = URL.canParse(whole) ? new URL(whole) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol))
        throw new FlagError(`--etcd-servers: "${text}" is no URL such as https://10.0.0.1:2379`);
    return url.origin;
}

async function readPem(file: string, flag: string): Promise<string> {
    try {
        return await readFile(file, 'utf8');
    } catch (error) {
        throw new FlagError(`${flag}: cannot read ${file}`, { cause: error });
    }
}
