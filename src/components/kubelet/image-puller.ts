import type { V1Container, V1Pod } from '../../api/meta/object.ts';
import type { Clock } from '../../util/clock.ts';
import { podUid } from './pod/pod.ts';
import type { PodEvents } from './pod-events.ts';
import { RuntimeError, type ImageInfo, type RegistryAuth, type Runtime } from './runtime/runtime.ts';
import { BackOff } from './sync-pod/back-off.ts';
import { abortable } from './sync-pod/abortable.ts';
import { StartError } from './sync-pod/start-error.ts';

export interface ImageRequest {
    pod: V1Pod;
    container: V1Container;
    auths: () => Promise<readonly RegistryAuth[]>;
    signal: AbortSignal;
}

/** How often a missing image is looked for while its pull is backed off: someone may load it by hand. */
export const imageRecheckMs = 10_000;

/**
 * Makes sure that a container's image is there, by its pull policy. Pulls run one at a time; one that
 * fails is backed off per pod and image, but the image's presence is looked at each time.
 */
export class ImagePuller {
    readonly #runtime: Runtime;
    readonly #events: PodEvents;
    readonly #clock: Clock;
    readonly #backOff: BackOff;
    /** Last failure by back-off key, for the message of ImagePullBackOff. */
    readonly #failures = new Map<string, string>();
    #turn: Promise<unknown> = Promise.resolve();

    constructor(options: { runtime: Runtime; events: PodEvents; clock: Clock }) {
        this.#runtime = options.runtime;
        this.#events = options.events;
        this.#clock = options.clock;
        this.#backOff = new BackOff(options.clock);
    }

    /** Resolves with the image's description; throws StartError with the reason that the status shows. */
    async ensure(request: ImageRequest): Promise<ImageInfo> {
        const { pod, container } = request;
        const image = container.image ?? '';
        const policy = container.imagePullPolicy ?? defaultPullPolicy(image);
        const present = await this.#status(request);
        if (present !== undefined && policy !== 'Always') {
            const message =
                policy === 'Never'
                    ? `Container image "${image}" already present on machine`
                    : `Container image "${image}" already present on machine and can be accessed by the pod`;
            this.#events.container(pod, container.name, { type: 'Normal', reason: 'Pulled', message });
            this.#forget(backOffKey(pod, image));
            return present;
        }
        if (policy === 'Never') {
            const message = `Container image "${image}" is not present with pull policy of Never`;
            this.#warn(request, 'ErrImageNeverPull', message);
            throw new StartError('ErrImageNeverPull', message, { retryAfterMs: imageRecheckMs });
        }
        return await this.#pull(request, image);
    }

    /** Forgets the failures of a pod that is gone. */
    forgetPod(uid: string): void {
        this.#backOff.resetPrefix(`${uid}_`);
        for (const key of this.#failures.keys()) if (key.startsWith(`${uid}_`)) this.#failures.delete(key);
    }

    #forget(key: string): void {
        this.#backOff.reset(key);
        this.#failures.delete(key);
    }

    #warn({ pod, container }: ImageRequest, reason: string, message: string): void {
        this.#events.container(pod, container.name, { type: 'Warning', reason, message });
    }

    async #status(request: ImageRequest): Promise<ImageInfo | undefined> {
        const image = request.container.image ?? '';
        try {
            return await this.#runtime.imageStatus(image);
        } catch (error) {
            const text = errorText(error);
            if (error instanceof RuntimeError && error.reason === 'invalidImageName') {
                const message = `Failed to apply default image tag "${image}": ${text}`;
                this.#warn(request, 'InspectFailed', message);
                throw new StartError('InvalidImageName', message, { cause: error });
            }
            const message = `Failed to inspect image "${image}": ${text}`;
            this.#warn(request, 'InspectFailed', message);
            throw new StartError('ImageInspectError', message, { cause: error });
        }
    }

    async #pull(request: ImageRequest, image: string): Promise<ImageInfo> {
        const { pod, container } = request;
        const key = backOffKey(pod, image);
        const waitMs = this.#backOff.remainingMs(key);
        if (waitMs > 0) {
            const failure = this.#failures.get(key);
            const message = `Back-off pulling image "${image}"${failure === undefined ? '' : `: ${failure}`}`;
            this.#events.container(pod, container.name, {
                type: 'Normal',
                reason: 'BackOff',
                message: `Back-off pulling image "${image}"`,
            });
            throw new StartError('ImagePullBackOff', message, {
                retryAfterMs: Math.min(waitMs, imageRecheckMs),
            });
        }
        this.#events.container(pod, container.name, {
            type: 'Normal',
            reason: 'Pulling',
            message: `Pulling image "${image}"`,
        });
        const askedAtMs = this.#clock.monotonicMs();
        try {
            const pulling = this.#inTurn(async () => await this.#pullNow(request, image, askedAtMs));
            const info = await abortable(pulling, request.signal);
            this.#forget(key);
            return info;
        } catch (error) {
            if (request.signal.aborted) throw error;
            const text = errorText(error);
            this.#warn(request, 'Failed', `Failed to pull image "${image}": ${text}`);
            this.#backOff.next(key);
            this.#failures.set(key, `ErrImagePull: ${text}`);
            const retryAfterMs = Math.min(this.#backOff.remainingMs(key), imageRecheckMs);
            throw new StartError('ErrImagePull', text, { cause: error, retryAfterMs });
        }
    }

    async #pullNow(
        { pod, container, auths, signal }: ImageRequest,
        image: string,
        askedAtMs: number,
    ): Promise<ImageInfo> {
        signal.throwIfAborted();
        const beganAtMs = this.#clock.monotonicMs();
        const id = await this.#runtime.pullImage(image, await auths(), signal);
        const now = this.#clock.monotonicMs();
        const info = (await this.#runtime.imageStatus(image)) ?? (await this.#runtime.imageStatus(id));
        if (info === undefined) throw new Error(`image "${image}" is missing after its pull`);
        const took = `${seconds(now - beganAtMs)} (${seconds(now - askedAtMs)} including waiting)`;
        const message = `Successfully pulled image "${image}" in ${took}. Image size: ${info.sizeBytes} bytes.`;
        this.#events.container(pod, container.name, { type: 'Normal', reason: 'Pulled', message });
        return info;
    }

    /** Runs `work` after all that was asked for before. */
    async #inTurn<T>(work: () => Promise<T>): Promise<T> {
        const result = this.#turn.then(work);
        this.#turn = result.catch(() => undefined);
        return await result;
    }
}

function backOffKey(pod: V1Pod, image: string): string {
    return `${podUid(pod)}_${image}`;
}

function errorText(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function seconds(ms: number): string {
    return ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(3).replace(/\.?0+$/, '')}s`;
}

/** `Always` for images without tag or with ":latest", as the API server's defaulting. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
    const last = image.split('/').at(-1) ?? image;
    if (last.includes('@')) return 'IfNotPresent';
    const tag = last.split(':')[1];
    return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}
