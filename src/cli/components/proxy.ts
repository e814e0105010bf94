import type { Client } from '../../client/client.ts';
import { InformerFactory } from '../../client/informer-factory.ts';
import { Proxy } from '../../components/proxy/proxy.ts';
import { systemClock } from '../../util/clock.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import type { sharedProxyFlags } from '../flag-sets/proxy-flags.ts';

/** A running Service proxy over `client`; resolves once its first rules are written. */
export async function createProxy(options: {
    client: Client;
    logger: Logger;
    nodeName: string;
    clusterCidr: string;
    flags: FlagValues<typeof sharedProxyFlags>;
}): Promise<Stoppable> {
    const { client, logger, nodeName, clusterCidr, flags } = options;
    const lifecycle = new Lifecycle();
    const informers = lifecycle.add(new InformerFactory(client, logger));
    const proxy = lifecycle.add(
        new Proxy({
            informers,
            logger,
            clock: systemClock,
            nodeName,
            clusterCidr,
            masqueradeAll: flags['masquerade-all'],
            nodePortAddresses: flags['nodeport-addresses'],
            minSyncPeriodMs: flags['iptables-min-sync-period'],
            syncPeriodMs: flags['iptables-sync-period'],
            healthzAddress: flags['healthz-bind-address'],
            metricsAddress: flags['metrics-bind-address'],
        }),
    );
    informers.start();
    await proxy.start();
    logger.info('proxy started');
    return lifecycle;
}
