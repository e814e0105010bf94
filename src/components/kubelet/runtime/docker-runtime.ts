import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type Dockerode from 'dockerode';
import { systemClock, type Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { SandboxNetwork } from '../network/sandbox-network.ts';
import type { CgroupDriver, SpecSettings } from './container-spec.ts';
import { DockerContainers } from './containers.ts';
import { DaemonFacts } from './daemon-facts.ts';
import { openDocker, translated } from './docker-api.ts';
import { DockerEvents } from './events.ts';
import { DockerExec } from './exec.ts';
import { DockerImages } from './images.ts';
import { copyLogs } from './logs.ts';
import { NetnsConnector } from './netns-connect.ts';
import { leastOomScoreAdj } from './oom-score.ts';
import { defaultPauseImage } from './pause-image.ts';
import type * as contract from './runtime.ts';
import { DockerSandboxes, networkNamespaceOf } from './sandbox.ts';
import { DockerStats } from './stats.ts';

export interface DockerRuntimeOptions {
    /** Default /var/run/docker.sock. */
    socketPath?: string;
    /** "tcp://host:port" or "unix:///path" instead. */
    host?: string;
    logger: Logger;
    clock?: Clock;
    /** Gives network to sandboxes that do not share the host's: network/cni.ts. */
    network: SandboxNetwork;
    /** The kubelet's root, for the helper program and seccomp profiles; default /var/lib/kubelet. */
    rootDirectory?: string;
    pauseImage?: string;
    /** The daemon may come later: it is connected to in the background then. */
    mayBeAway?: boolean;
    /** Default: what the daemon uses. */
    cgroupDriver?: CgroupDriver;
    /** Rotation of container logs; defaults are the kubelet's: 10 MiB, 5 files. */
    logMaxBytes?: number;
    logMaxFiles?: number;
}

const defaultRootDirectory = '/var/lib/kubelet';
const defaultLogMaxBytes = 10 * 1024 * 1024;
const defaultLogMaxFiles = 5;

/**
 * Connects to the daemon and its event stream. Rejects with RuntimeError 'unavailable' when it is not
 * there, unless it may be away.
 */
export async function createDockerRuntime(options: DockerRuntimeOptions): Promise<DockerRuntime> {
    const docker = await openDocker(options);
    const runtime = new DockerRuntime(docker, options, await leastOomScoreAdj());
    await runtime.start();
    return runtime;
}

/** Docker as the kubelet's container runtime: puts the parts together, each in its own file. */
export class DockerRuntime implements contract.Runtime {
    readonly #docker: Dockerode;
    readonly #network: SandboxNetwork;
    readonly #sandboxes: DockerSandboxes;
    readonly #containers: DockerContainers;
    readonly #images: DockerImages;
    readonly #exec: DockerExec;
    readonly #events: DockerEvents;
    readonly #stats: DockerStats;
    readonly #connector: NetnsConnector;
    readonly #mayBeAway: boolean;
    #swept: Promise<void> | undefined;

    constructor(docker: Dockerode, options: DockerRuntimeOptions, leastOomScore: number) {
        const root = options.rootDirectory ?? defaultRootDirectory;
        const { logger, network, clock = systemClock } = options;
        const facts = new DaemonFacts(docker, options.cgroupDriver);
        const settings: SpecSettings = {
            cgroupDriver: async () => await facts.cgroupDriver(),
            leastOomScoreAdj: leastOomScore,
            seccompRoot: join(root, 'seccomp'),
            logMaxBytes: options.logMaxBytes ?? defaultLogMaxBytes,
            logMaxFiles: options.logMaxFiles ?? defaultLogMaxFiles,
        };
        this.#mayBeAway = options.mayBeAway ?? false;
        this.#docker = docker;
        this.#network = network;
        this.#images = new DockerImages(docker);
        this.#sandboxes = new DockerSandboxes({
            docker,
            network,
            pauseImage: options.pauseImage ?? defaultPauseImage,
            settings,
            logger,
        });
        this.#containers = new DockerContainers({
            docker,
            images: this.#images,
            settings,
            architecture: async () => await facts.architecture(),
        });
        this.#exec = new DockerExec(docker);
        this.#stats = new DockerStats(docker, clock);
        this.#connector = new NetnsConnector(join(root, 'bin'));
        this.#events = new DockerEvents({
            docker,
            logger,
            clock,
            onChange: (id) => {
                this.#containers.changed(id);
                this.#stats.changed(id);
            },
        });
    }

    async start(): Promise<void> {
        if (this.#mayBeAway) {
            await this.#events.startPatiently();
            return;
        }
        await translated(() => this.#events.start(), 'unavailable');
        await this.#sweep();
    }

    /** Removes networks of sandboxes that are gone; once, and before there can be new sandboxes. */
    async #sweep(): Promise<void> {
        this.#swept ??= this.#removeStaleNetworks();
        try {
            await this.#swept;
        } catch (error) {
            this.#swept = undefined;
            throw error;
        }
    }

    async #removeStaleNetworks(): Promise<void> {
        const sandboxes = await this.#sandboxes.list();
        await this.#network.collectGarbage(new Set(sandboxes.map(({ id }) => id)));
    }

    async version(): Promise<{ name: string; version: string; apiVersion: string }> {
        const { Version, ApiVersion } = await translated(() => this.#docker.version());
        return { name: 'docker', version: Version, apiVersion: ApiVersion };
    }

    async runPodSandbox(config: contract.PodSandboxConfig): Promise<string> {
        await this.#sweep();
        return await this.#sandboxes.run(config);
    }
    stopPodSandbox(sandboxId: string): Promise<void> {
        return this.#sandboxes.stop(sandboxId);
    }
    removePodSandbox(sandboxId: string): Promise<void> {
        return this.#sandboxes.remove(sandboxId);
    }
    async listPodSandboxes(): Promise<contract.PodSandbox[]> {
        // The daemon tells of a death a moment before its list does.
        const sandboxes = await this.#sandboxes.list();
        return sandboxes.map((sandbox) =>
            this.#events.hasDied(sandbox.id) ? { ...sandbox, state: 'notReady' } : sandbox,
        );
    }
    podSandboxIPs(sandboxId: string): Promise<string[]> {
        return this.#sandboxes.ips(sandboxId);
    }
    /** Why pods cannot get a network now, for the node's Ready condition; undefined when they can. */
    networkNotReadyReason(): Promise<string | undefined> {
        return this.#network.notReadyReason();
    }

    createContainer(
        sandboxId: string,
        config: contract.ContainerConfig,
        sandbox: contract.PodSandboxConfig,
    ): Promise<string> {
        return this.#containers.create(sandboxId, config, sandbox);
    }
    startContainer(containerId: string): Promise<void> {
        return this.#containers.start(containerId);
    }
    stopContainer(containerId: string, gracePeriodSeconds: number): Promise<void> {
        return this.#containers.stop(containerId, gracePeriodSeconds);
    }
    removeContainer(containerId: string): Promise<void> {
        return this.#containers.remove(containerId);
    }
    listContainers(): Promise<contract.ContainerStatus[]> {
        return this.#containers.list();
    }
    containerStatus(containerId: string): Promise<contract.ContainerStatus | undefined> {
        return this.#containers.status(containerId);
    }
    updateContainerResources(containerId: string, resources: contract.LinuxResources): Promise<void> {
        return this.#containers.updateResources(containerId, resources);
    }

    execSync(
        containerId: string,
        command: readonly string[],
        options: { timeoutMs: number; outputMaxBytes?: number },
    ): Promise<contract.ExecResult> {
        return this.#exec.execSync(containerId, command, options);
    }
    exec(containerId: string, command: readonly string[], streams: contract.StreamSet): Promise<number> {
        return this.#exec.exec(containerId, command, streams);
    }
    attach(containerId: string, streams: contract.StreamSet): Promise<void> {
        return this.#exec.attach(containerId, streams);
    }
    async portForward(sandboxId: string, port: number): Promise<Duplex> {
        return await this.#connector.connect(networkNamespaceOf(await this.#sandboxes.pid(sandboxId)), port);
    }
    containerLogs(
        containerId: string,
        options: contract.LogOptions,
        output: Parameters<contract.Runtime['containerLogs']>[2],
    ): Promise<void> {
        return copyLogs(this.#docker, containerId, { options, output });
    }

    imageStatus(image: string): Promise<contract.ImageInfo | undefined> {
        return this.#images.status(image);
    }
    pullImage(image: string, auths: readonly contract.RegistryAuth[], signal?: AbortSignal): Promise<string> {
        return this.#images.pull(image, auths, signal);
    }
    listImages(): Promise<contract.ImageInfo[]> {
        return this.#images.list();
    }
    removeImage(image: string): Promise<void> {
        return this.#images.remove(image);
    }

    stats(): Promise<contract.ContainerStats[]> {
        return this.#stats.read();
    }
    onEvent(listener: (event: contract.RuntimeEvent) => void): () => void {
        return this.#events.onEvent(listener);
    }
    close(): Promise<void> {
        this.#events.stop();
        return Promise.resolve();
    }
}
