import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { rfc3339, type Clock } from '../../util/clock.ts';
import type { Stoppable } from '../../util/lifecycle.ts';

export interface ProxyHealthOptions {
    /** "address:port"; empty for none. */
    healthzAddress: string;
    metricsAddress: string;
    /** A change that waits longer than this makes the proxy unhealthy. */
    staleAfterMs: number;
    clock: Clock;
}

/** /healthz on 10256 (asked by load balancers), and /metrics with the proxy's own figures on 10249. */
export class ProxyHealthServer implements Stoppable {
    readonly #options: ProxyHealthOptions;
    readonly #servers: Server[] = [];
    #oldestQueuedMs: number | undefined;
    #lastSyncedWallMs = 0;
    #syncs = 0;
    #syncSecondsTotal = 0;

    constructor(options: ProxyHealthOptions) {
        this.#options = options;
    }

    async start(): Promise<void> {
        const { healthzAddress, metricsAddress } = this.#options;
        if (healthzAddress !== '')
            await this.#listen(healthzAddress, (_, response) => {
                this.#healthz(response);
            });
        if (metricsAddress !== '')
            await this.#listen(metricsAddress, (request, response) => {
                this.#metrics(request, response);
            });
    }

    async stop(): Promise<void> {
        await Promise.all(
            this.#servers.map(async (server) => {
                server.closeAllConnections();
                await new Promise((resolve) => server.close(resolve));
            }),
        );
    }

    /** A change waits to be written. */
    queued(): void {
        this.#oldestQueuedMs ??= this.#options.clock.monotonicMs();
    }

    /** Everything queued was written, which took `durationMs`. */
    synced(durationMs: number): void {
        this.#oldestQueuedMs = undefined;
        this.#lastSyncedWallMs = this.#options.clock.nowMs();
        this.#syncs++;
        this.#syncSecondsTotal += durationMs / 1000;
    }

    async #listen(
        address: string,
        handler: (request: IncomingMessage, response: ServerResponse) => void,
    ): Promise<void> {
        const colon = address.lastIndexOf(':');
        const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, handler);
        await new Promise<void>((resolve, reject) => {
            server.once('error', (cause) => {
                reject(new Error(`cannot listen on ${address}: ${cause.message}`, { cause }));
            });
            server.listen(Number(address.slice(colon + 1)), address.slice(0, colon) || '0.0.0.0', resolve);
        });
        server.unref();
        this.#servers.push(server);
    }

    #healthz(response: ServerResponse): void {
        const { clock, staleAfterMs } = this.#options;
        const healthy =
            this.#oldestQueuedMs === undefined || clock.monotonicMs() - this.#oldestQueuedMs < staleAfterMs;
        response.writeHead(healthy ? 200 : 503, {
            'content-type': 'application/json',
            'x-content-type-options': 'nosniff',
        });
        response.end(
            JSON.stringify({
                lastUpdated: rfc3339(this.#lastSyncedWallMs),
                currentTime: rfc3339(clock.nowMs()),
                nodeEligible: true,
            }),
        );
    }

    #metrics(request: IncomingMessage, response: ServerResponse): void {
        if (request.url !== '/metrics') {
            const mode = request.url === '/proxyMode';
            response
                .writeHead(mode ? 200 : 404, { 'content-type': 'text/plain' })
                .end(mode ? 'iptables' : '404 page not found\n');
            return;
        }
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
        response.end(
            [
                '# TYPE kubeproxy_sync_proxy_rules_duration_seconds summary',
                `kubeproxy_sync_proxy_rules_duration_seconds_sum ${this.#syncSecondsTotal}`,
                `kubeproxy_sync_proxy_rules_duration_seconds_count ${this.#syncs}`,
                '# TYPE kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge',
                `kubeproxy_sync_proxy_rules_last_timestamp_seconds ${this.#lastSyncedWallMs / 1000}`,
                '# TYPE process_resident_memory_bytes gauge',
                `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
                '',
            ].join('\n'),
        );
    }
}
