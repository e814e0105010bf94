import { mkdir } from 'node:fs/promises';
import type Dockerode from 'dockerode';
import { foreignArchitecture } from './architecture.ts';
import { containerSpec, mountsOf, resourceSpec, type SpecSettings } from './container-spec.ts';
import { createReplacing } from './create-container.ts';
import { daemonMessage, dockerTimeMs, runtimeError, tolerating, translated } from './docker-api.ts';
import type { DockerImages } from './images.ts';
import { attemptOf, containerType, labels, podOf, splitLabels } from './naming.ts';
import {
    RuntimeError,
    type ContainerConfig,
    type ContainerStatus,
    type LinuxResources,
    type Mount,
    type PodSandboxConfig,
} from './runtime.ts';

export interface ContainersOptions {
    docker: Dockerode;
    images: DockerImages;
    settings: SpecSettings;
    /** The daemon's architecture. */
    architecture: () => Promise<string>;
}

const notThere = 404;
const alreadySo = 304;
const removalInProgress = 409;
const killSeconds = 0;

interface CacheEntry {
    state: string;
    status: ContainerStatus;
}

/**
 * The containers of pods. Invariant of the cache: an entry is as the daemon had it when it was inspected,
 * and is dropped by `changed` (an event) and when the listed state differs; so listing is one request.
 */
export class DockerContainers {
    readonly #docker: Dockerode;
    readonly #options: ContainersOptions;
    readonly #cache = new Map<string, CacheEntry>();
    /** Counts events per listing, so that an inspect that raced with an event is not cached. */
    #changes = 0;

    constructor(options: ContainersOptions) {
        this.#docker = options.docker;
        this.#options = options;
    }

    async create(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string> {
        await this.#checkImage(config.image);
        await makeMountSources(mountsOf(config, sandbox));
        const { settings } = this.#options;
        const spec = await containerSpec(config, sandbox, { sandboxId, settings });
        const container = await translated(
            () => createReplacing(this.#docker, spec),
            'createContainer',
            `failed to create container "${config.name}"`,
        );
        return container.id;
    }

    async start(containerId: string): Promise<void> {
        await tolerating(
            [alreadySo],
            () => this.#docker.getContainer(containerId).start(),
            'startContainer',
        ).catch((error: unknown) => {
            const failure = runtimeError(error, 'startContainer');
            throw new RuntimeError(
                failure.reason,
                `failed to start container "${containerId}": ${failure.message}`,
                { cause: error },
            );
        });
    }

    async stop(containerId: string, gracePeriodSeconds: number): Promise<void> {
        const t = Math.max(Math.ceil(gracePeriodSeconds), killSeconds);
        await tolerating([notThere, alreadySo], () => this.#docker.getContainer(containerId).stop({ t }));
    }

    async remove(containerId: string): Promise<void> {
        await tolerating([notThere, removalInProgress], () =>
            this.#docker.getContainer(containerId).remove({ v: true, force: true }),
        );
        this.#cache.delete(containerId);
    }

    async updateResources(containerId: string, resources: LinuxResources): Promise<void> {
        await translated(() => this.#docker.getContainer(containerId).update(resourceSpec(resources)));
    }

    async list(): Promise<ContainerStatus[]> {
        const found = await translated(() =>
            this.#docker.listContainers({
                all: true,
                filters: { label: [`${labels.type}=${containerType}`] },
            }),
        );
        const present = new Set(found.map(({ Id }) => Id));
        for (const id of this.#cache.keys()) if (!present.has(id)) this.#cache.delete(id);
        const statuses = await Promise.all(found.map(({ Id, State }) => this.#cached(Id, State)));
        return statuses.filter((status) => status !== undefined);
    }

    async status(containerId: string): Promise<ContainerStatus | undefined> {
        const changesBefore = this.#changes;
        const found = await tolerating([notThere], () => this.#docker.getContainer(containerId).inspect());
        if (found === undefined) return undefined;
        const status = await this.#toStatus(found);
        if (changesBefore === this.#changes) {
            this.#cache.set(found.Id, { state: found.State.Status, status });
        }
        return status;
    }

    /** Something happened to this container; without an id: to any of them. */
    changed(containerId?: string): void {
        this.#changes++;
        if (containerId === undefined) this.#cache.clear();
        else this.#cache.delete(containerId);
    }

    async #cached(id: string, state: string): Promise<ContainerStatus | undefined> {
        const entry = this.#cache.get(id);
        return entry?.state === state ? entry.status : await this.status(id);
    }

    async #checkImage(image: string): Promise<void> {
        const found = await this.#options.images.status(image);
        if (found === undefined) throw new RuntimeError('imageNotFound', `No such image: ${image}`);
        const own = await this.#options.architecture();
        const foreign = await foreignArchitecture(found.architecture, own);
        if (foreign) {
            throw new RuntimeError(
                'createContainer',
                `image "${image}" is made for ${found.architecture}, but this node is ${own}`,
            );
        }
    }

    async #toStatus(found: Dockerode.ContainerInspectInfo): Promise<ContainerStatus> {
        return {
            ...stateOf(found),
            id: found.Id,
            name: found.Config.Labels[labels.containerName] ?? '',
            sandboxId: found.Config.Labels[labels.sandboxId] ?? '',
            pod: podOf(found.Config.Labels),
            attempt: attemptOf(found.Name),
            createdAtMs: dockerTimeMs(found.Created),
            exitCode: found.State.ExitCode,
            signal: 0,
            oomKilled: found.State.OOMKilled,
            error: found.State.Error,
            image: found.Config.Image,
            imageId: await this.#options.images.pullableId(found.Image),
            pid: found.State.Pid,
            mounts: found.Mounts.map(toMount),
            ...splitLabels(found.Config.Labels),
        };
    }
}

/**
 * Docker's states as CRI's. A container that could not be started stays "created" in Docker, with an exit
 * code: for the kubelet it has exited, at the time when it was created.
 */
function stateOf(
    found: Dockerode.ContainerInspectInfo,
): Pick<ContainerStatus, 'state' | 'startedAtMs' | 'finishedAtMs'> {
    const { State } = found;
    const startedAtMs = dockerTimeMs(State.StartedAt);
    const finishedAtMs = dockerTimeMs(State.FinishedAt);
    if (State.Running) return { state: 'running', startedAtMs, finishedAtMs: 0 };
    if (finishedAtMs !== 0) return { state: 'exited', startedAtMs, finishedAtMs };
    if (State.ExitCode !== 0) {
        return { state: 'exited', startedAtMs, finishedAtMs: dockerTimeMs(found.Created) };
    }
    return { state: State.Dead ? 'unknown' : 'created', startedAtMs, finishedAtMs };
}

function toMount({
    Source,
    Destination,
    RW,
    Propagation,
}: Dockerode.ContainerInspectInfo['Mounts'][number]): Mount {
    const propagation = /shared/.test(Propagation)
        ? 'bidirectional'
        : /slave/.test(Propagation)
          ? 'hostToContainer'
          : 'private';
    return { hostPath: Source, containerPath: Destination, readOnly: !RW, propagation };
}

/** A host path that is not there becomes a directory, as with Docker's binds and in CRI. */
async function makeMountSources(mounts: readonly Mount[]): Promise<void> {
    await Promise.all(
        mounts.map(async ({ hostPath }) => {
            try {
                await mkdir(hostPath, { recursive: true });
            } catch (error) {
                // EEXIST: a file, a socket or a device, which is mounted as it is.
                if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
                throw new RuntimeError(
                    'createContainer',
                    `failed to make mount source "${hostPath}": ${daemonMessage(error)}`,
                    { cause: error },
                );
            }
        }),
    );
}
