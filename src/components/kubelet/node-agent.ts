import type { V1Node, V1NodeStatus } from '../../api/meta/object.ts';
import { InformerFactory } from '../../client/informer-factory.ts';
import { nodes } from '../../client/resource-type.ts';
import type { Clock } from '../../util/clock.ts';
import type { Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import { readMachineInfo, readMachineUsage, type MachineInfo } from './node/machine-info.ts';
import { NodeLease } from './node/node-lease.ts';
import { NodeReporter } from './node/node-reporter.ts';
import { evictionHardDefault, nodeResources, pressures, type NodeResources } from './node/node-resources.ts';
import { makeNodeStatus } from './node/node-status.ts';
import { kubeletDefaults, type KubeletOptions } from './options.ts';
import type { ImageInfo, Runtime } from './runtime/runtime.ts';

/** Images are listed again after this at the earliest: their list is long and changes seldom. */
const imagesMaxAgeMs = 60_000;
const retryMs = 1000;
/** How soon a runtime that is down is looked at again. */
const runtimeRetryMs = 2000;
/** A lease is renewed four times within its life, as upstream. */
const leaseRenewShare = 0.25;

export interface NodeAgentOptions {
    kubelet: KubeletOptions;
    clock: Clock;
    logger: Logger;
    rootDirectory: string;
    informers: InformerFactory | undefined;
    /** The pod network became ready, or the node was registered: pods may go on. */
    onReady: () => void;
}

/** The node's side of the kubelet: registration, status, lease, and what the node has to give. */
export class NodeAgent implements Stoppable {
    readonly #options: NodeAgentOptions;
    readonly #runtime: Runtime;
    #machine: MachineInfo | undefined;
    #diskBytes = 0;
    #runtimeVersion = '';
    #runtimeProblem: string | undefined = 'container runtime status check may not have completed yet';
    #podCidr: string | undefined;
    #images: { list: ImageInfo[]; atMs: number } | undefined;
    #reporter: NodeReporter | undefined;
    #lease: NodeLease | undefined;
    #watched: V1Node | undefined;
    #cancelReport: (() => void) | undefined;
    #cancelLease: (() => void) | undefined;
    #stopped = false;

    constructor(options: NodeAgentOptions) {
        this.#options = options;
        this.#runtime = options.kubelet.runtime;
    }

    get node(): V1Node | undefined {
        return this.#watched ?? this.#reporter?.node;
    }

    async start(): Promise<void> {
        this.#machine = await readMachineInfo();
        this.#diskBytes = (await readMachineUsage(this.#options.rootDirectory)).diskBytes;
        const { client, nodeName } = this.#options.kubelet;
        if (client === undefined || this.#options.informers === undefined) return;
        this.#reporter = this.#makeReporter(client);
        this.#lease = new NodeLease({
            client,
            clock: this.#options.clock,
            nodeName,
            durationSeconds: this.#leaseSeconds(),
        });
        const informer = this.#options.informers.informer(nodes, {
            fieldSelector: `metadata.name=${nodeName}`,
        });
        informer.addHandler({
            added: (node) => {
                this.#seen(node);
            },
            updated: (node) => {
                this.#seen(node);
            },
            deleted: () => {
                this.#watched = undefined;
                this.#reporter?.seen(undefined);
                void this.#report();
            },
        });
        void this.#report();
    }

    stop(): void {
        this.#stopped = true;
        this.#cancelReport?.();
        this.#cancelLease?.();
    }

    resources(): NodeResources {
        const { maxPods, evictionHard } = this.#options.kubelet;
        if (this.#machine === undefined) return { capacity: {}, allocatable: {} };
        return nodeResources(this.#machine, this.#diskBytes, {
            maxPods: maxPods ?? kubeletDefaults.maxPods,
            evictionHard: evictionHard ?? evictionHardDefault,
        });
    }

    get memoryCapacityBytes(): number {
        return this.#machine?.memoryBytes ?? 0;
    }

    /** Why pods with a network of their own cannot start. */
    async networkProblem(): Promise<string | undefined> {
        const { client, requirePodCidr, networkProblem } = this.#options.kubelet;
        if (client !== undefined && requirePodCidr !== false && this.#podCidr === undefined)
            return notReady('the node has no podCIDR yet');
        const problem = await networkProblem?.();
        return problem === undefined ? undefined : notReady(problem);
    }

    #leaseSeconds(): number {
        return this.#options.kubelet.nodeLeaseDurationSeconds ?? kubeletDefaults.nodeLeaseDurationSeconds;
    }

    #makeReporter(client: NonNullable<KubeletOptions['client']>): NodeReporter {
        const { kubelet, clock } = this.#options;
        return new NodeReporter({
            client,
            clock,
            nodeName: kubelet.nodeName,
            registerNode: kubelet.registerNode ?? true,
            labels: kubelet.nodeLabels ?? {},
            taints: kubelet.registerWithTaints ?? [],
            reportEveryMs: kubelet.nodeStatusReportFrequencyMs ?? kubeletDefaults.nodeStatusReportFrequencyMs,
            status: async (old) => await this.#status(old),
        });
    }

    #seen(node: V1Node): void {
        const before = this.#watched?.metadata?.uid;
        this.#watched = node;
        this.#reporter?.seen(node);
        const cidr = node.spec?.podCIDR;
        const changed = cidr !== undefined && cidr !== '' && cidr !== this.#podCidr;
        if (changed) {
            this.#podCidr = cidr;
            this.#options.kubelet.onPodCidr?.(cidr);
            void this.#report();
        }
        if (changed || before !== node.metadata?.uid) this.#options.onReady();
    }

    #reporting: Promise<void> | undefined;
    #reportAgain = false;

    /** One report at a time; what changes meanwhile causes another one. */
    async #report(): Promise<void> {
        if (this.#reporting !== undefined) {
            this.#reportAgain = true;
            return;
        }
        this.#cancelReport?.();
        this.#reporting = this.#reportOnce();
        await this.#reporting;
        this.#reporting = undefined;
        if (!this.#reportAgain || this.#stopped) return;
        this.#reportAgain = false;
        await this.#report();
    }

    async #reportOnce(): Promise<void> {
        const { kubelet, clock, logger } = this.#options;
        let delayMs: number =
            kubelet.nodeStatusUpdateFrequencyMs ?? kubeletDefaults.nodeStatusUpdateFrequencyMs;
        try {
            await this.#reporter?.report();
            if (this.#runtimeProblem !== undefined) delayMs = Math.min(delayMs, runtimeRetryMs);
            if (this.#cancelLease === undefined) void this.#renew();
        } catch (error) {
            logger.warn({ err: error }, 'cannot report the status of the node');
            delayMs = retryMs;
        }
        if (this.#stopped) return;
        this.#cancelReport = clock.setTimer(delayMs, () => {
            void this.#report();
        });
    }

    async #renew(): Promise<void> {
        const { clock, logger } = this.#options;
        let delayMs = this.#leaseSeconds() * 1000 * leaseRenewShare;
        this.#cancelLease = () => undefined;
        try {
            await this.#lease?.renew(this.node);
        } catch (error) {
            logger.warn({ err: error }, 'cannot renew the lease of the node');
            delayMs = Math.min(delayMs, retryMs);
        }
        if (this.#stopped) return;
        this.#cancelLease = clock.setTimer(delayMs, () => {
            void this.#renew();
        });
    }

    async #checkRuntime(): Promise<void> {
        const wasDown = this.#runtimeProblem !== undefined;
        try {
            const { name, version } = await this.#runtime.version();
            this.#runtimeVersion = `${name}://${version}`;
            this.#runtimeProblem = undefined;
            if (wasDown) this.#options.onReady();
        } catch (error) {
            this.#runtimeProblem = `container runtime is down: ${error instanceof Error ? error.message : String(error)}`;
        }
    }

    async #listImages(): Promise<ImageInfo[]> {
        const now = this.#options.clock.monotonicMs();
        if (this.#images !== undefined && now - this.#images.atMs < imagesMaxAgeMs) return this.#images.list;
        try {
            this.#images = { list: await this.#runtime.listImages(), atMs: now };
        } catch (error) {
            this.#options.logger.debug({ err: error }, 'cannot list images');
        }
        return this.#images?.list ?? [];
    }

    async #status(old: V1NodeStatus): Promise<V1NodeStatus> {
        const { kubelet, clock, rootDirectory } = this.#options;
        const machine = (this.#machine ??= await readMachineInfo());
        const usage = await readMachineUsage(rootDirectory);
        this.#diskBytes = usage.diskBytes;
        await this.#checkRuntime();
        const under = pressures(machine, usage, kubelet.evictionHard ?? evictionHardDefault);
        const problems = [this.#runtimeProblem, await this.networkProblem()].filter(
            (problem) => problem !== undefined,
        );
        return makeNodeStatus({
            machine,
            resources: this.resources(),
            health: {
                problems,
                memoryPressure: under.memory,
                diskPressure: under.disk,
                pidPressure: under.pid,
            },
            images:
                this.#runtimeProblem === undefined ? await this.#listImages() : (this.#images?.list ?? []),
            nodeIps: kubelet.nodeIps,
            hostname: kubelet.nodeName,
            runtimeVersion: this.#runtimeVersion,
            kubeletPort: kubelet.port ?? kubeletDefaults.port,
            old,
            nowMs: clock.nowMs(),
        });
    }
}

function notReady(problem: string): string {
    return `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: ${problem}`;
}
