import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { V1Pod } from '../../../api/meta/object.ts';
import { parsePorts, servePortForward } from '../../../streaming/port-forward.ts';
import { parseRemoteCommandOptions, serveRemoteCommand } from '../../../streaming/remote-command.ts';
import { exitStatus, successStatus } from '../../../streaming/status.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { HttpError, podDoesNotExist } from './http-error.ts';
import type { PodProvider } from './pod-provider.ts';

export interface StreamingSources {
    pods: PodProvider;
    runtime: Runtime;
}

export interface Connection {
    req: IncomingMessage;
    socket: Duplex;
    head: Buffer;
    query: URLSearchParams;
}

/** Serves an upgrade of /exec, /attach or /portForward; false when the path is another one. */
export async function serveStreaming(
    path: string,
    connection: Connection,
    sources: StreamingSources,
): Promise<boolean> {
    const [kind, namespace = '', podName = '', ...rest] = path.split('/').slice(1).map(decodeURIComponent);
    // With a uid (before the container's name) and without, as upstream.
    const container = rest[rest.length - 1] ?? '';
    switch (kind) {
        case 'exec':
            await exec({ namespace, podName, container }, connection, sources);
            return true;
        case 'attach':
            await attach({ namespace, podName, container }, connection, sources);
            return true;
        case 'portForward':
            portForward({ namespace, podName }, connection, sources);
            return true;
        default:
            return false;
    }
}

interface Target {
    namespace: string;
    podName: string;
    container: string;
}

async function exec(
    target: Target,
    { req, socket, head, query }: Connection,
    sources: StreamingSources,
): Promise<void> {
    const id = await runningContainer(target, sources);
    const command = query.getAll('command');
    serveRemoteCommand(req, socket, head, {
        options: parseRemoteCommandOptions(query),
        run: async (streams) => exitStatus(await sources.runtime.exec(id, command, streams), command),
    });
}

async function attach(
    target: Target,
    { req, socket, head, query }: Connection,
    sources: StreamingSources,
): Promise<void> {
    const id = await runningContainer(target, sources);
    serveRemoteCommand(req, socket, head, {
        options: parseRemoteCommandOptions(query),
        run: async (streams) => {
            await sources.runtime.attach(id, streams);
            return successStatus;
        },
    });
}

function portForward(
    { namespace, podName }: Omit<Target, 'container'>,
    { req, socket, head, query }: Connection,
    { pods, runtime }: StreamingSources,
): void {
    const pod = requirePod(pods, namespace, podName);
    const sandboxId = pods.sandboxId(pod);
    if (sandboxId === undefined) throw new HttpError(500, `pod not found ("${podName}_${namespace}")`);
    servePortForward(req, socket, head, {
        ports: portsOf(query),
        subject: `pod ${sandboxId}, uid ${pod.metadata?.uid ?? ''}`,
        connect: async (port) => await runtime.portForward(sandboxId, port),
    });
}

function portsOf(query: URLSearchParams): number[] {
    try {
        return parsePorts(query);
    } catch (error) {
        throw new HttpError(400, error instanceof Error ? error.message : String(error), { cause: error });
    }
}

/** The id of a container that runs now, in upstream's words when there is none. */
export async function runningContainer(
    { namespace, podName, container }: Target,
    { pods, runtime }: StreamingSources,
): Promise<string> {
    const pod = requirePod(pods, namespace, podName);
    const id = pods.containerId(pod, container, false);
    const status = id === undefined ? undefined : await runtime.containerStatus(id);
    if (id === undefined || status?.state !== 'running') {
        throw new HttpError(500, `container not found ("${container}")`);
    }
    return id;
}

function requirePod(pods: PodProvider, namespace: string, podName: string): V1Pod {
    const pod = pods.podByName(namespace, podName);
    if (pod === undefined) throw podDoesNotExist();
    return pod;
}
