import { join } from 'node:path';
import type { V1Taint } from '../../api/meta/object.ts';
import type { Client } from '../../client/client.ts';
import { Kubelet } from '../../components/kubelet/kubelet.ts';
import { CniNetwork } from '../../components/kubelet/network/cni.ts';
import { createDockerRuntime } from '../../components/kubelet/runtime/docker-runtime.ts';
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
    });
    const runtime = await createDockerRuntime({
        host: flags['container-runtime-endpoint'],
        logger,
        network,
        rootDirectory,
        pauseImage: flags['pod-infra-container-image'],
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
    return lifecycle;
}

/** "key=value:effect" or "key:effect". */
function parseTaint(text: string): V1Taint {
    const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
    const [, key, value, effect] = match ?? [];
    if (key === undefined || effect === undefined)
        throw new TypeError(`--register-with-taints: "${text}" is no taint such as dedicated=db:NoSchedule`);
    return value ? { key, value, effect } : { key, effect };
}
