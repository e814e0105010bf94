import type { V1Taint } from '../../api/meta/object.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { EvictionThresholds } from './node/node-resources.ts';
import type { Runtime } from './runtime/runtime.ts';

export interface KubeletOptions {
    nodeName: string;
    /** Addresses of the node, the first one being its own. */
    nodeIps: readonly string[];
    /** As system:node:<name>. Undefined: a supervisor of static pods without API server. */
    client: Client | undefined;
    runtime: Runtime;
    logger: Logger;
    /** Default: the system's. */
    clock?: Clock;
    /** Default /var/lib/kubelet. */
    rootDirectory?: string;
    clusterDns?: readonly string[];
    clusterDomain?: string;
    /** Directory (or file) of static pod manifests; absent: none. */
    podManifestPath?: string | undefined;
    /** How often the manifests are read although nothing was seen to change. Default 20 s. */
    fileCheckFrequencyMs?: number;
    maxPods?: number;
    /** Default true. */
    registerNode?: boolean;
    nodeLabels?: Readonly<Record<string, string>>;
    registerWithTaints?: readonly V1Taint[];
    /** Default /etc/resolv.conf; empty: none. */
    resolvConf?: string;
    evictionHard?: EvictionThresholds;
    nodeStatusUpdateFrequencyMs?: number;
    nodeStatusReportFrequencyMs?: number;
    nodeLeaseDurationSeconds?: number;
    /** Port of the kubelet's server, for the node's status. Default 10250. */
    port?: number;
    /** The node got its pod network. Called again when it changes. */
    onPodCidr?: (podCidr: string) => void;
    /** Why pods with a network of their own cannot start; undefined when they can. */
    networkProblem?: () => string | undefined | Promise<string | undefined>;
    /** Default true: pods with their own network wait until the node has a podCIDR. */
    requirePodCidr?: boolean;
}

export const kubeletDefaults = {
    rootDirectory: '/var/lib/kubelet',
    clusterDomain: 'cluster.local',
    fileCheckFrequencyMs: 20_000,
    maxPods: 110,
    resolvConf: '/etc/resolv.conf',
    nodeStatusUpdateFrequencyMs: 10_000,
    nodeStatusReportFrequencyMs: 300_000,
    nodeLeaseDurationSeconds: 40,
    port: 10_250,
} as const;
