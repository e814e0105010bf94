import { join } from 'node:path';
import { ensureEtcdPki, etcdPeerOrganization, type EtcdPki } from '../../pki/etcd-pki.ts';
import { openMember, type Member } from '../../store/member.ts';
import { openPeerTransport } from '../../store/transport/open-peer-transport.ts';
import type { Lifecycle } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import { hostName } from '../host.ts';
import type { ApiServerSetup } from './apiserver.ts';
import { FlagError } from './flag-error.ts';

const peerPort = 2380;

/** Of the embedded store, in the data directory. */
export const storeDirectory = 'store';

export interface EmbeddedStore {
    member: Member;
    serveEtcdApi: () => Promise<void>;
}

/** Opens this master's member of the replicated store. The transport to other members sleeps until there are some. */
export async function openEmbeddedStore(setup: ApiServerSetup, lifecycle: Lifecycle): Promise<EmbeddedStore> {
    const { flags, nodeName, nodeIp, logger, joined } = setup;
    const peerUrl = advertisedPeerUrl(flags, nodeIp);
    const pki = await ensureEtcdPki({
        directory: join(flags['config-dir'], 'pki'),
        nodeName,
        hostName: hostName(),
        ipAddresses: [nodeIp],
        extraNames: [new URL(peerUrl).hostname],
    });
    for (const entry of pki.issued) logger.info(entry, 'certificate issued');
    const member = await openMember({
        directory: join(flags['data-dir'], storeDirectory),
        name: nodeName,
        logger,
        peerUrls: [peerUrl],
        clientUrls: flags['listen-client-urls'] === '' ? [] : [flags['listen-client-urls']],
        transport: openPeerTransport({
            listenUrls: [flags['listen-peer-urls']],
            certificates: {
                certFile: pki.peer.certFile,
                keyFile: pki.peer.keyFile,
                caFile: pki.ca.certFile,
            },
            organization: etcdPeerOrganization,
            logger,
        }),
        join: joined?.membership && { ...joined.membership, promote: true },
        beforeGrowing: setup.admission?.beforeGrowing,
        onStopped: (error) => {
            logger.fatal({ err: error }, 'this master can serve no more');
            process.exit(1);
        },
    });
    lifecycle.add({
        stop: async () => {
            await member.close();
        },
    });
    const url = flags['listen-client-urls'];
    return {
        member,
        serveEtcdApi: async () => {
            if (url !== '') await serveEtcdApi(member, { url, pki, logger, lifecycle });
        },
    };
}

/** The address of this master's store for the others. */
export function advertisedPeerUrl(
    flags: { 'initial-advertise-peer-urls': string; 'advertise-address': string; 'listen-peer-urls': string },
    nodeIp: string,
): string {
    const given = flags['initial-advertise-peer-urls'];
    if (given !== '') return peerUrl(given, 'initial-advertise-peer-urls').origin;
    const { port } = peerUrl(flags['listen-peer-urls'], 'listen-peer-urls');
    return `https://${flags['advertise-address'] || nodeIp}:${port || peerPort}`;
}

function peerUrl(text: string, flag: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === 'https:' && url.port !== '') return url;
    throw new FlagError(`--${flag}: "${text}" is no address such as https://192.168.0.10:${peerPort}`);
}

async function serveEtcdApi(
    { store, cluster }: Member,
    parts: { url: string; pki: EtcdPki; logger: Logger; lifecycle: Lifecycle },
): Promise<void> {
    const { url, pki, logger, lifecycle } = parts;
    const { startEtcdServer } = await import('../../store/etcd/server/start-etcd-server.ts');
    const { cert, key } = pki.server;
    try {
        lifecycle.add(
            await startEtcdServer({
                store,
                cluster,
                listenClientUrls: [url],
                tls: { cert, key, clientCa: pki.ca.cert, clientCertAuth: true },
                logger,
            }),
        );
    } catch (cause) {
        throw new FlagError(
            `--listen-client-urls: cannot listen on ${url}; choose another, or none with ''`,
            {
                cause,
            },
        );
    }
}
