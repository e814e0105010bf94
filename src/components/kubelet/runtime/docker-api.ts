import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { RuntimeError, type RuntimeErrorReason } from './runtime.ts';

export interface DockerEndpoint {
    /** Path of the daemon's socket; default /var/run/docker.sock. */
    socketPath?: string | undefined;
    /** "tcp://host:port" instead of a socket. */
    host?: string | undefined;
}

const defaultSocketPath = '/var/run/docker.sock';

/** Connects lazily: dockerode is only loaded where a kubelet runs. */
export async function openDocker(endpoint: DockerEndpoint): Promise<Dockerode> {
    const { default: Docker } = await import('dockerode');
    if (endpoint.host === undefined || endpoint.host.startsWith('unix://')) {
        const path = endpoint.host?.slice('unix://'.length) ?? endpoint.socketPath;
        return new Docker({ socketPath: path ?? defaultSocketPath });
    }
    const url = new URL(endpoint.host);
    return new Docker({ protocol: 'http', host: url.hostname, port: url.port || '2375' });
}

interface Modem {
    dial(request: object, callback: (error: unknown, stream: Readable) => void): void;
}

/** A GET whose answer is read as a stream; dockerode itself would buffer some of them. */
export async function openStream(
    docker: Dockerode,
    path: string,
    query: Readonly<Record<string, string | number | boolean>>,
): Promise<Readable> {
    const request = {
        path: `${path}?`,
        method: 'GET',
        isStream: true,
        statusCodes: { 200: true },
        options: query,
    };
    return await new Promise((resolve, reject) => {
        (docker.modem as Modem).dial(request, (error, stream) => {
            if (error === null || error === undefined) resolve(stream);
            else
                reject(
                    error instanceof Error
                        ? error
                        : new Error('request to the daemon failed', { cause: error }),
                );
        });
    });
}

/** The status code of the daemon's answer; undefined when there was none. */
export function statusCodeOf(error: unknown): number | undefined {
    const code = property(error, 'statusCode');
    return typeof code === 'number' ? code : undefined;
}

/** The daemon's words, as the docker command line shows them. */
export function daemonMessage(error: unknown): string {
    if (statusCodeOf(error) === undefined) {
        return error instanceof Error ? error.message : String(error);
    }
    const message = property(property(error, 'json'), 'message');
    const fallback = error instanceof Error ? error.message : String(error);
    return `Error response from daemon: ${typeof message === 'string' ? message : fallback}`;
}

/** Turns whatever dockerode rejects with into a RuntimeError; `context` precedes the daemon's words. */
export function runtimeError(error: unknown, reason: RuntimeErrorReason, context?: string): RuntimeError {
    if (error instanceof RuntimeError) return error;
    const status = statusCodeOf(error);
    const unreachable = status === undefined && connectionErrorCodes.has(String(property(error, 'code')));
    const words = unreachable
        ? `Cannot connect to the Docker daemon. Is the docker daemon running? (${daemonMessage(error)})`
        : daemonMessage(error);
    const kind = unreachable ? 'unavailable' : status === 404 && reason === 'other' ? 'notFound' : reason;
    return new RuntimeError(kind, context === undefined ? words : `${context}: ${words}`, { cause: error });
}

/** Runs `work`; a failure becomes a RuntimeError. */
export async function translated<T>(
    work: () => Promise<T>,
    reason: RuntimeErrorReason = 'other',
    context?: string,
): Promise<T> {
    try {
        return await work();
    } catch (error) {
        throw runtimeError(error, reason, context);
    }
}

/** Runs `work`; undefined when the daemon answers with one of `codes` (404: gone, 304: already so). */
export async function tolerating<T>(
    codes: readonly number[],
    work: () => Promise<T>,
    reason: RuntimeErrorReason = 'other',
): Promise<T | undefined> {
    try {
        return await work();
    } catch (error) {
        const status = statusCodeOf(error);
        if (status !== undefined && codes.includes(status)) return undefined;
        throw runtimeError(error, reason);
    }
}

/** Docker's RFC 3339 time in ms; 0 for its zero time. */
export function dockerTimeMs(text: string | undefined): number {
    const ms = text === undefined ? 0 : Date.parse(text);
    return Number.isFinite(ms) && ms > 0 ? ms : 0;
}

const connectionErrorCodes: ReadonlySet<string> = new Set([
    'ECONNREFUSED',
    'ENOENT',
    'EACCES',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
]);

function property(value: unknown, name: string): unknown {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
