import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../../../util/logger.ts';
import type { EtcdContext } from '../context.ts';
import { etcdClusterVersion, etcdVersion } from '../version.ts';
import { metricsContentType, renderMetrics, type Metric } from './metric.ts';

export interface EndpointOptions {
    context: EtcdContext;
    logger: Logger;
    metrics: () => Promise<readonly Metric[]>;
}

export interface Answer {
    status: number;
    contentType: string;
    body: string;
}

const text = 'text/plain; charset=utf-8';
const json = 'application/json';
/** How long a health check waits for a linearizable read. */
const healthTimeoutMs = 5_000;

/** What etcd answers to plain HTTP requests: health, version and metrics. */
export class Endpoints {
    readonly #options: EndpointOptions;

    constructor(options: EndpointOptions) {
        this.#options = options;
    }

    readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
        request.resume();
        const send = async (): Promise<void> => {
            const { method = 'GET', url = '/' } = request;
            const { status, contentType, body } = await this.answer(method, url);
            response.writeHead(status, {
                'content-type': contentType,
                'content-length': Buffer.byteLength(body),
            });
            response.end(method === 'HEAD' ? undefined : body);
        };
        send().catch((error: unknown) => {
            this.#options.logger.debug({ err: error }, 'an HTTP response failed');
            response.destroy();
        });
    };

    /** The answer to a request without a body, over whichever protocol it came. */
    async answer(method: string, path: string): Promise<Answer> {
        try {
            return await this.#answer(method, new URL(path, 'http://localhost'));
        } catch (error) {
            this.#options.logger.warn({ err: error, path }, 'an HTTP request failed');
            return { status: 500, contentType: text, body: 'internal error\n' };
        }
    }

    async #answer(method: string, url: URL): Promise<Answer> {
        if (method !== 'GET' && method !== 'HEAD') {
            return { status: 405, contentType: text, body: 'Method Not Allowed\n' };
        }
        switch (url.pathname) {
            case '/health':
                return await this.#health(url.searchParams.getAll('exclude'), url.searchParams);
            case '/livez':
                return { status: 200, contentType: text, body: 'ok\n' };
            case '/readyz': {
                const { status } = await this.#health([], url.searchParams);
                return { status, contentType: text, body: status === 200 ? 'ok\n' : 'not ready\n' };
            }
            case '/version':
                return {
                    status: 200,
                    contentType: json,
                    body: JSON.stringify({ etcdserver: etcdVersion, etcdcluster: etcdClusterVersion }),
                };
            case '/metrics':
                return {
                    status: 200,
                    contentType: metricsContentType,
                    body: renderMetrics(await this.#options.metrics()),
                };
            default:
                return { status: 404, contentType: text, body: '404 page not found\n' };
        }
    }

    /** Healthy: there is a leader, no alarm but the excluded ones, and a read goes through. */
    async #health(excluded: readonly string[], parameters: URLSearchParams): Promise<Answer> {
        const reason = await this.#illness(excluded, parameters.get('serializable') === 'true');
        const health = { health: reason === '' ? 'true' : 'false', reason };
        return { status: reason === '' ? 200 : 503, contentType: json, body: JSON.stringify(health) };
    }

    async #illness(excluded: readonly string[], local: boolean): Promise<string> {
        const { store, cluster, leader } = this.#options.context;
        const alarm = cluster.alarms().find(({ type }) => !excluded.includes(type));
        if (alarm !== undefined) return `ALARM ${alarm.type}`;
        if (leader === '') return 'RAFT NO LEADER';
        if (local) return '';
        try {
            await withTimeout(store.readIndex());
            return '';
        } catch (error) {
            return `READ FAILED: ${error instanceof Error ? error.message : String(error)}`;
        }
    }
}

async function withTimeout(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
            reject(new Error('timed out'));
        }, healthTimeoutMs);
    });
    try {
        await Promise.race([work, timeout]);
    } finally {
        clearTimeout(timer);
    }
}
