import { join } from 'node:path';
import type { Logger } from '../../../util/logger.ts';
import { RuntimeError, type PodIdentity, type PortMapping } from '../runtime/runtime.ts';
import { AttachmentCache, type CachedAttachment } from './attachment-cache.ts';
import { builtInConfigList, readConfigList, type NetworkConfigList } from './conflist.ts';
import { ensureBridgeRules } from './bridge-rules.ts';
import { addNetwork, deleteNetwork, missingPlugin, type CniResult, type PluginCall } from './plugin.ts';
import { PerKeyQueue } from './per-key-queue.ts';
import type { SandboxAttachment, SandboxNetwork } from './sandbox-network.ts';

export interface CniNetworkOptions {
    logger: Logger;
    /** The node's pod ranges, once they are assigned; the built-in network needs them. */
    podCidrs: () => readonly string[];
    /** Where what was set up is remembered: <kubelet root>/cni. */
    stateDirectory: string;
    /** The user's own configuration; default /etc/cni/net.d. */
    configDirectory?: string;
    /** Default /opt/cni/bin, /usr/lib/cni. */
    pluginDirectories?: readonly string[];
    /** Of the built-in network; default cni0. */
    bridge?: string;
    /**
     * Of the built-in network: destinations that see the pods' own addresses, so the cluster's pod range.
     * All other traffic that leaves the node gets the node's address. False: the node sees to that itself.
     */
    nonMasqueradeCidrs?: readonly string[] | false;
    mtu?: number;
}

const defaultConfigDirectory = '/etc/cni/net.d';
const defaultPluginDirectories = ['/opt/cni/bin', '/usr/lib/cni'] as const;
const defaultBridge = 'cni0';
const interfaceName = 'eth0';
const bandwidthAnnotations = {
    ingressRate: 'kubernetes.io/ingress-bandwidth',
    egressRate: 'kubernetes.io/egress-bandwidth',
} as const;

/**
 * Networks of sandboxes through CNI plugins. One operation per sandbox at a time, any number of sandboxes
 * at once. The configuration is written down before ADD, so whatever a crash left behind can be torn down.
 */
export class CniNetwork implements SandboxNetwork {
    readonly #options: CniNetworkOptions;
    readonly #cache: AttachmentCache;
    readonly #queue = new PerKeyQueue();
    readonly #pluginDirectories: readonly string[];
    /** The pod ranges that have their iptables rules, and when that is done. */
    #ruled: { podCidrs: string; done: Promise<void> } | undefined;

    constructor(options: CniNetworkOptions) {
        this.#options = options;
        this.#cache = new AttachmentCache(join(options.stateDirectory, 'attachments'));
        this.#pluginDirectories = options.pluginDirectories ?? defaultPluginDirectories;
    }

    setUp(attachment: SandboxAttachment): Promise<string[]> {
        return this.#queue.run(attachment.sandboxId, () => this.#setUp(attachment));
    }

    tearDown(attachment: Pick<SandboxAttachment, 'sandboxId' | 'netns' | 'pod'>): Promise<void> {
        return this.#queue.run(attachment.sandboxId, () => this.#tearDown(attachment));
    }

    async addresses(sandboxId: string): Promise<string[]> {
        return addressesOf((await this.#cache.get(sandboxId))?.result);
    }

    async notReadyReason(): Promise<string | undefined> {
        try {
            return await missingPlugin(await this.#configList([]), this.#pluginDirectories);
        } catch (error) {
            return error instanceof Error ? error.message : String(error);
        }
    }

    async collectGarbage(sandboxIds: ReadonlySet<string>): Promise<void> {
        const stale = (await this.#cache.sandboxIds()).filter((id) => !sandboxIds.has(id));
        for (const sandboxId of stale) {
            const pod = (await this.#cache.get(sandboxId))?.pod ?? { name: '', namespace: '', uid: '' };
            try {
                await this.tearDown({ sandboxId, netns: '', pod });
            } catch (error) {
                this.#options.logger.warn(
                    { sandbox: sandboxId, err: error },
                    'stale pod network is left behind',
                );
            }
        }
    }

    async #setUp(attachment: SandboxAttachment): Promise<string[]> {
        const { sandboxId, netns, pod, portMappings } = attachment;
        try {
            const list = await this.#configList(portMappings);
            if (list.builtIn === true) await this.#ensureRules();
            const entry = { sandboxId, pod, list, runtimeConfig: runtimeConfigOf(attachment) };
            await this.#cache.set(entry);
            const result = await addNetwork(list, this.#call('ADD', netns, entry));
            await this.#cache.set({ ...entry, result });
            const addresses = addressesOf(result);
            if (addresses.length === 0) throw new Error('the network plugins gave no address');
            return addresses;
        } catch (error) {
            await this.#tearDown(attachment).catch((failure: unknown) => {
                this.#options.logger.debug({ err: failure }, 'tear down after a failed set up failed too');
            });
            throw networkError('set up', attachment, error);
        }
    }

    async #tearDown(attachment: Pick<SandboxAttachment, 'sandboxId' | 'netns' | 'pod'>): Promise<void> {
        const entry = await this.#cache.get(attachment.sandboxId);
        if (entry === undefined) {
            await this.#cache.delete(attachment.sandboxId);
            return;
        }
        try {
            await deleteNetwork(entry.list, this.#call('DEL', attachment.netns, entry), entry.result);
        } catch (error) {
            throw networkError('tear down', attachment, error);
        }
        await this.#cache.delete(attachment.sandboxId);
    }

    /** Once per process and pod range. */
    async #ensureRules(): Promise<void> {
        const { nonMasqueradeCidrs: exceptCidrs = [], bridge = defaultBridge } = this.#options;
        if (exceptCidrs === false) return;
        const podCidrs = this.#options.podCidrs();
        if (this.#ruled?.podCidrs !== podCidrs.join()) {
            const done = ensureBridgeRules({ bridge, podCidrs, exceptCidrs });
            this.#ruled = { podCidrs: podCidrs.join(), done };
        }
        try {
            await this.#ruled.done;
        } catch (error) {
            this.#ruled = undefined;
            throw error;
        }
    }

    /** The user's list, else the built-in one. Throws while the node has no pod range. */
    async #configList(portMappings: readonly PortMapping[]): Promise<NetworkConfigList> {
        const problems: string[] = [];
        const own = await readConfigList(this.#options.configDirectory ?? defaultConfigDirectory, problems);
        if (own !== undefined) return own;
        if (problems.length > 0)
            this.#options.logger.warn({ problems }, 'network configuration is not usable');
        const podCidrs = this.#options.podCidrs();
        if (podCidrs.length === 0) {
            throw new Error('cni plugin not initialized: no pod CIDR is assigned to this node yet');
        }
        return builtInConfigList({
            bridge: this.#options.bridge ?? defaultBridge,
            podCidrs,
            dataDirectory: join(this.#options.stateDirectory, 'networks'),
            mtu: this.#options.mtu,
            hasPortMappings: portMappings.length > 0,
        });
    }

    #call(command: PluginCall['command'], netns: string, entry: CachedAttachment): PluginCall {
        return {
            command,
            containerId: entry.sandboxId,
            netns,
            interfaceName,
            args: {
                IgnoreUnknown: '1',
                K8S_POD_NAMESPACE: entry.pod.namespace,
                K8S_POD_NAME: entry.pod.name,
                K8S_POD_INFRA_CONTAINER_ID: entry.sandboxId,
                K8S_POD_UID: entry.pod.uid,
            },
            pluginDirectories: this.#pluginDirectories,
            runtimeConfig: entry.runtimeConfig,
        };
    }
}

function runtimeConfigOf({ portMappings, annotations }: SandboxAttachment): Record<string, unknown> {
    const bandwidth = Object.entries(bandwidthAnnotations).flatMap(([name, annotation]) => {
        const bits = bitsPerSecond(annotations[annotation]);
        return bits === undefined
            ? []
            : [
                  [name, bits],
                  [name.replace('Rate', 'Burst'), bits],
              ];
    });
    return {
        ...(portMappings.length === 0
            ? {}
            : {
                  portMappings: portMappings.map(({ protocol, containerPort, hostPort, hostIp }) => ({
                      protocol: protocol.toLowerCase(),
                      containerPort,
                      hostPort,
                      hostIP: hostIp,
                  })),
              }),
        ...(bandwidth.length === 0 ? {} : { bandwidth: Object.fromEntries(bandwidth) as unknown }),
    };
}

const rateUnits: Readonly<Record<string, number>> = {
    '': 1,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    Ki: 1024,
    Mi: 1024 ** 2,
};

/** A quantity of bits per second: "10M". */
function bitsPerSecond(text: string | undefined): number | undefined {
    const match = /^(\d+(?:\.\d+)?)(k|M|G|Ki|Mi)?$/.exec(text ?? '');
    if (match === null) return undefined;
    return Math.floor(Number(match[1]) * (rateUnits[match[2] ?? ''] ?? 1));
}

function addressesOf(result: CniResult | undefined): string[] {
    return (result?.ips ?? []).map(({ address }) => address.split('/')[0] ?? address);
}

function networkError(
    what: 'set up' | 'tear down',
    { sandboxId, pod }: { sandboxId: string; pod: PodIdentity },
    cause: unknown,
): RuntimeError {
    const name = `${pod.name}_${pod.namespace}`;
    const verb = what === 'set up' ? 'set up' : 'teardown';
    const words = cause instanceof Error ? cause.message : String(cause);
    return new RuntimeError(
        'network',
        `failed to ${verb} sandbox container "${sandboxId}" network for pod "${pod.name}": networkPlugin cni failed to ${verb} pod "${name}" network: ${words}`,
        { cause },
    );
}
