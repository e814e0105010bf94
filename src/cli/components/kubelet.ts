import { join } from 'node:path';
import type { V1Taint } from '../../api/meta/object.ts';
import type { Client } from '../../client/client.ts';
import { Kubelet } from '../../components/kubelet/kubelet.ts';
import { CniNetwork } from '../../components/kubelet/network/cni.ts';
import { createDockerRuntime } from '../../components/kubelet/runtime/docker-runtime.ts';
import type { Runtime } from '../../components/kubelet/runtime/runtime.ts';
import { HealthzServer } from '../../components/kubelet/server/healthz-server.ts';
import { KubeletServer } from '../../components/kubelet/server/kubelet-server.ts';
import { WebhookAuth } from '../../components/kubelet/server/webhook-auth.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import type { sharedKubeletFlags } from '../flag-sets/kubelet-flags.ts';

export interface KubeletSetup {
    flags: FlagValues<typeof sharedKubeletFlags>;
    /** As system:node:<name>; undefined for a supervisor of static pods. */
    client: Client | undefined;
    nodeName: string;
    nodeIp: string;
    registerNode: boolean;
    clusterDomain: string;
    /** Network of all pods: traffic to it keeps its source address. */
    clusterCidr: string;
    rootDirectory: string;
    /** Serving certificate and the CA of clients, PEM; absent: no port 10250. */
    tls: { cert: string; key: string; clientCa: string } | undefined;
    logger: Logger;
}

/** A running kubelet. Stopping it leaves containers running. */
export async function createKubelet(setup: KubeletSetup): Promise<Stoppable> {
    const { flags, client, nodeName, nodeIp, rootDirectory, logger } = setup;
    const lifecycle = new Lifecycle();
    const podCidr: { current: string | undefined } = { current: undefined };
    const network = new CniNetwork({
        logger,
        podCidrs: () => (podCidr.current === undefined ? [] : [podCidr.current]),
        stateDirectory: join(rootDirectory, 'cni'),
        configDirectory: flags['cni-conf-dir'],
        pluginDirectories: flags['cni-bin-dir'],
        bridge: flags['cni-bridge'],
        nonMasqueradeCidrs: setup.clusterCidr === '' ? [] : [setup.clusterCidr],
    });
    const runtime = await createDockerRuntime({
        host: flags['container-runtime-endpoint'],
        logger,
        network,
        rootDirectory,
        pauseImage: flags['pod-infra-container-image'],
        mayBeAway: true,
    });
    lifecycle.add({
        stop: async () => {
            await runtime.close();
        },
    });
    const kubelet = lifecycle.add(
        new Kubelet({
            nodeName,
            nodeIps: [nodeIp],
            client,
            runtime,
            logger,
            rootDirectory,
            clusterDns: flags['cluster-dns'],
            clusterDomain: setup.clusterDomain,
            podManifestPath: flags['pod-manifest-path'] || undefined,
            maxPods: flags['max-pods'],
            registerNode: setup.registerNode,
            nodeLabels: flags['node-labels'],
            registerWithTaints: flags['register-with-taints'].map(parseTaint),
            resolvConf: flags['resolv-conf'],
            nodeStatusUpdateFrequencyMs: flags['node-status-update-frequency'],
            port: flags['kubelet-port'],
            onPodCidr: (cidr) => {
                podCidr.current = cidr;
            },
            networkProblem: async () => await network.notReadyReason(),
        }),
    );
    await kubelet.start();
    await startServers(setup, { lifecycle, kubelet, runtime });
    logger.info({ node: nodeName }, 'kubelet started');
    return lifecycle;
}

interface ServerParts {
    lifecycle: Lifecycle;
    kubelet: Kubelet;
    runtime: Runtime;
}

/** /healthz on loopback, and port 10250 where there is a certificate and an API server to ask who may. */
async function startServers(
    setup: KubeletSetup,
    { lifecycle, kubelet, runtime }: ServerParts,
): Promise<void> {
    const { flags, client, nodeName, rootDirectory, logger, tls } = setup;
    if (flags['kubelet-healthz-port'] !== 0)
        await lifecycle.add(new HealthzServer({ port: flags['kubelet-healthz-port'] })).start();
    if (tls === undefined || client === undefined) {
        logger.warn('no serving certificate or no API server: logs and exec are not served');
        return;
    }
    const { authenticate, authorize } = new WebhookAuth({ client, nodeName });
    const server = new KubeletServer({
        nodeName,
        port: flags['kubelet-port'],
        tls,
        pods: kubelet,
        runtime,
        authenticate,
        authorize,
        rootDirectory,
        logger,
    });
    await lifecycle.add(server).start();
}

/** "key=value:effect" or "key:effect". */
function parseTaint(text: string): V1Taint {
    const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
    const [, key, value, effect] = match ?? [];
    if (key === undefined || effect === undefined)
        throw new TypeError(`--register-with-taints: "${text}" is no taint such as dedicated=db:NoSchedule`);
    return value ? { key, value, effect } : { key, effect };
}
