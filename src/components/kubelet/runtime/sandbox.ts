import type Dockerode from 'dockerode';
import type { Logger } from '../../../util/logger.ts';
import { type SpecSettings, sandboxSpec } from './container-spec.ts';
import { createReplacing } from './create-container.ts';
import { runtimeError, tolerating, translated } from './docker-api.ts';
import { attemptOf, labels, podOf, sandboxType, splitLabels } from './naming.ts';
import { ensurePauseImage } from './pause-image.ts';
import { RuntimeError, type PodIdentity, type PodSandbox, type PodSandboxConfig } from './runtime.ts';
import type { SandboxNetwork } from '../network/sandbox-network.ts';

/** The pause program ends on SIGTERM at once; this only bounds a sandbox image of somebody else's. */
const stopGraceSeconds = 10;
const notThere = 404;
const alreadyStopped = 304;
const removalInProgress = 409;

export interface SandboxOptions {
    docker: Dockerode;
    network: SandboxNetwork;
    pauseImage: string;
    settings: SpecSettings;
    logger: Logger;
}

/** Pod sandboxes: a pause container that holds the pod's namespaces, and its network. */
export class DockerSandboxes {
    readonly #docker: Dockerode;
    readonly #options: SandboxOptions;
    #pauseImage: Promise<void> | undefined;

    constructor(options: SandboxOptions) {
        this.#docker = options.docker;
        this.#options = options;
    }

    async run(config: PodSandboxConfig): Promise<string> {
        await this.#ensurePause();
        const { pauseImage, settings } = this.#options;
        const spec = await sandboxSpec(config, pauseImage, settings);
        const context = `failed to create a sandbox for pod "${config.pod.name}"`;
        let container: Dockerode.Container;
        try {
            container = await createReplacing(this.#docker, spec);
        } catch (error) {
            this.#pauseImage = undefined;
            throw runtimeError(error, 'createContainer', context);
        }
        try {
            await this.#start(container, config);
        } catch (error) {
            await this.#discard(container);
            throw error;
        }
        return container.id;
    }

    async #start(container: Dockerode.Container, config: PodSandboxConfig): Promise<void> {
        const { pod } = config;
        const context = `failed to start sandbox container for pod "${pod.name}"`;
        await translated(() => container.start(), 'startContainer', context);
        if (config.hostNetwork) return;
        const { State } = await translated(() => container.inspect());
        await this.#options.network.setUp({
            sandboxId: container.id,
            netns: networkNamespaceOf(State.Pid),
            pod,
            portMappings: config.portMappings,
            annotations: config.annotations,
        });
    }

    async #discard(container: Dockerode.Container): Promise<void> {
        try {
            await this.stop(container.id);
            await this.remove(container.id);
        } catch (error) {
            this.#options.logger.warn({ sandbox: container.id, err: error }, 'failed sandbox is left behind');
        }
    }

    async stop(sandboxId: string): Promise<void> {
        const container = this.#docker.getContainer(sandboxId);
        const found = await tolerating([notThere], () => container.inspect());
        if (found?.HostConfig.NetworkMode !== 'host') {
            await this.#options.network.tearDown({
                sandboxId,
                netns: found?.State.Running ? networkNamespaceOf(found.State.Pid) : '',
                pod: found === undefined ? noPod : podOf(found.Config.Labels),
            });
        }
        if (found === undefined) return;
        await tolerating([notThere, alreadyStopped], () => container.stop({ t: stopGraceSeconds }));
    }

    async remove(sandboxId: string): Promise<void> {
        await tolerating([notThere, removalInProgress], () =>
            this.#docker.getContainer(sandboxId).remove({ v: true, force: true }),
        );
    }

    async list(): Promise<PodSandbox[]> {
        const found = await translated(() =>
            this.#docker.listContainers({
                all: true,
                filters: { label: [`${labels.type}=${sandboxType}`] },
            }),
        );
        return found.map(toSandbox).sort((a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt);
    }

    async ips(sandboxId: string): Promise<string[]> {
        return await this.#options.network.addresses(sandboxId);
    }

    /** The pause process; rejects 'notFound' unless it runs. */
    async pid(sandboxId: string): Promise<number> {
        const { State } = await translated(() => this.#docker.getContainer(sandboxId).inspect());
        if (!State.Running) throw new RuntimeError('notFound', `sandbox "${sandboxId}" is not running`);
        return State.Pid;
    }

    async #ensurePause(): Promise<void> {
        this.#pauseImage ??= ensurePauseImage(this.#docker, this.#options.pauseImage);
        try {
            await this.#pauseImage;
        } catch (error) {
            this.#pauseImage = undefined;
            throw runtimeError(error, 'other');
        }
    }
}

export function networkNamespaceOf(pid: number): string {
    return `/proc/${pid}/ns/net`;
}

const noPod: PodIdentity = { name: '', namespace: '', uid: '' };

function toSandbox(info: Dockerode.ContainerInfo): PodSandbox {
    return {
        id: info.Id,
        pod: podOf(info.Labels),
        attempt: attemptOf(info.Names[0] ?? ''),
        state: info.State === 'running' ? 'ready' : 'notReady',
        // Seconds are all the list gives; names with attempts order what was created in one second.
        createdAtMs: info.Created * 1000,
        network: info.HostConfig.NetworkMode === 'host' ? 'NODE' : 'POD',
        ...splitLabels(info.Labels),
    };
}
