import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { V1ContainerStatus, V1Pod } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import type { LogOptions, Runtime } from '../runtime/runtime.ts';
import { HttpError, podDoesNotExist } from './http-error.ts';
import type { PodProvider } from './pod-provider.ts';

export interface ContainerLogRequest {
    namespace: string;
    podName: string;
    container: string;
    query: URLSearchParams;
}

export interface ContainerLogSources {
    pods: PodProvider;
    runtime: Runtime;
    clock: Clock;
}

type WantedStream = 'All' | 'Stdout' | 'Stderr';

/** GET /containerLogs/{namespace}/{pod}/{container}: finds the container and streams its log. */
export async function serveContainerLogs(
    request: ContainerLogRequest,
    response: ServerResponse,
    sources: ContainerLogSources,
): Promise<void> {
    const { pods, runtime, clock } = sources;
    const { options, previous, stream } = parseLogQuery(request.query, clock.nowMs());
    const pod = pods.podByName(request.namespace, request.podName);
    if (pod === undefined) throw podDoesNotExist();
    requireContainer(pod, request.container);
    requireLogs(pod, request.container, previous);
    const containerId = pods.containerId(pod, request.container, previous);
    if (containerId === undefined) {
        const kind = previous ? 'previous terminated container' : 'container';
        const what = previous ? 'not found' : 'is not available';
        throw new HttpError(400, `${kind} "${request.container}" in pod "${request.podName}" ${what}`);
    }
    const gone = new AbortController();
    response.once('close', () => {
        gone.abort();
    });
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' });
    response.flushHeaders();
    const stdout = stream === 'Stderr' ? nowhere() : response;
    const stderr = stream === 'Stdout' ? nowhere() : response;
    await runtime.containerLogs(containerId, { ...options, signal: gone.signal }, { stdout, stderr });
    response.end();
}

/** Options of `v1.PodLogOptions` in a query. Throws HttpError 400. */
export function parseLogQuery(
    query: URLSearchParams,
    nowMs: number,
): { options: LogOptions; previous: boolean; stream: WantedStream } {
    const sinceSeconds = integer(query, 'sinceSeconds', 1);
    const sinceTime = query.get('sinceTime');
    if (sinceSeconds !== undefined && sinceTime) {
        throw new HttpError(400, 'at most one of `sinceTime` or `sinceSeconds` may be specified');
    }
    const sinceMs = sinceTime ? Date.parse(sinceTime) : undefined;
    if (Number.isNaN(sinceMs)) throw new HttpError(400, `unable to decode sinceTime "${sinceTime ?? ''}"`);
    const stream = query.get('stream') ?? 'All';
    if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') {
        throw new HttpError(400, `stream "${stream}" is not one of All, Stdout, Stderr`);
    }
    return {
        options: {
            follow: flag(query, 'follow'),
            timestamps: flag(query, 'timestamps'),
            tailLines: integer(query, 'tailLines', 0),
            limitBytes: integer(query, 'limitBytes', 1),
            sinceMs: sinceSeconds === undefined ? sinceMs : nowMs - sinceSeconds * 1000,
        },
        previous: flag(query, 'previous'),
        stream,
    };
}

function requireContainer({ metadata, spec }: V1Pod, container: string): void {
    const all = [
        ...(spec?.containers ?? []),
        ...(spec?.initContainers ?? []),
        ...(spec?.ephemeralContainers ?? []),
    ];
    if (!all.some(({ name }) => name === container)) {
        throw new HttpError(404, `container "${container}" not found in pod "${metadata?.name ?? ''}"`);
    }
}

/** Throws, in upstream's words, while there cannot be a log. */
export function requireLogs(pod: V1Pod, container: string, previous: boolean): void {
    const subject = `container "${container}" in pod "${pod.metadata?.name ?? ''}"`;
    const status = statusOf(pod, container);
    const lastEnded = status?.lastState?.terminated;
    if (previous) {
        if (lastEnded === undefined) throw new HttpError(400, `previous terminated ${subject} not found`);
        return;
    }
    const { running, terminated, waiting } = status?.state ?? {};
    if (running !== undefined || terminated?.containerID || lastEnded !== undefined) return;
    if (status === undefined || terminated !== undefined) {
        throw new HttpError(400, `${subject} is not available`);
    }
    const why = waitingWords[waiting?.reason ?? ''] ?? waiting?.reason;
    throw new HttpError(
        400,
        why === undefined
            ? `${subject} is waiting to start - no logs yet`
            : `${subject} is waiting to start: ${why}`,
    );
}

const waitingWords: Readonly<Record<string, string>> = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: 'trying and failing to pull image',
};

function statusOf({ status }: V1Pod, container: string): V1ContainerStatus | undefined {
    const all = [
        ...(status?.containerStatuses ?? []),
        ...(status?.initContainerStatuses ?? []),
        ...(status?.ephemeralContainerStatuses ?? []),
    ];
    return all.find(({ name }) => name === container);
}

function flag(query: URLSearchParams, name: string): boolean {
    return /^(1|t|true)$/i.test(query.get(name) ?? '');
}

function integer(query: URLSearchParams, name: string, least: number): number | undefined {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least) throw new HttpError(400, `${name} "${text}" is not valid`);
    return value;
}

function nowhere(): Writable {
    return new Writable({
        write: (_chunk, _encoding, done) => {
            done();
        },
    });
}
