import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from '../../../streaming/upgrade.ts';
import { systemClock, type Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { StatsSummary } from '../stats/summary.ts';
import { accessOf, type KubeletAccess, type KubeletUser } from './access.ts';
import { HttpError, httpErrorOf } from './http-error.ts';
import type { PodProvider } from './pod-provider.ts';
import { routeOf, type RouteContext } from './routes.ts';
import { serveStreaming } from './streaming.ts';

export interface KubeletServerOptions {
    nodeName: string;
    /** Default: all addresses. */
    address?: string;
    /** Default 10250; 0 takes a free one. */
    port?: number;
    /** PEM. Client certificates are verified against `clientCa`. */
    tls: { cert: string; key: string; clientCa: string };
    pods: PodProvider;
    runtime: Runtime;
    /** undefined: nobody, answered with 401. webhook-auth.ts asks the API server. */
    authenticate: (req: IncomingMessage) => Promise<KubeletUser | undefined>;
    authorize: (user: KubeletUser, access: KubeletAccess) => Promise<boolean>;
    /** The kubelet's root: its file system is the one that is reported. */
    rootDirectory: string;
    logger: Logger;
    clock?: Clock;
    /** The document of /configz. */
    config?: () => object;
    /** Metrics of the process, put behind the kubelet's own. */
    processMetrics?: () => Promise<string>;
}

export const kubeletPort = 10_250;
const headersTimeoutMs = 30_000;
const connectionsMax = 1000;

/** The kubelet's HTTPS server: logs, exec, attach, port-forward, statistics and metrics of this node. */
export class KubeletServer implements Stoppable {
    readonly #options: KubeletServerOptions;
    readonly #server: Server;
    readonly #context: RouteContext;
    readonly #sockets = new Set<Duplex>();

    constructor(options: KubeletServerOptions) {
        this.#options = options;
        const { cert, key, clientCa } = options.tls;
        const { nodeName, runtime, pods, rootDirectory, clock = systemClock } = options;
        this.#context = {
            ...options,
            clock,
            summary: new StatsSummary({ nodeName, runtime, rootDirectory, clock, pods: () => pods.pods() }),
        };
        this.#server = createServer(
            {
                cert,
                key,
                ca: clientCa,
                requestCert: true,
                // A token may identify those who have no certificate.
                rejectUnauthorized: false,
                minVersion: 'TLSv1.2',
                headersTimeout: headersTimeoutMs,
            },
            (req, res) => void this.#handle(req, res),
        );
        this.#server.maxConnections = connectionsMax;
        this.#server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
            void this.#upgrade(req, socket, head);
        });
        this.#server.on('secureConnection', (socket: Duplex) => {
            this.#sockets.add(socket);
            socket.once('close', () => this.#sockets.delete(socket));
        });
        this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    }

    /** Rejects when the port is taken. */
    async start(): Promise<void> {
        await new Promise<void>((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen(this.#options.port ?? kubeletPort, this.#options.address, () => {
                this.#server.removeListener('error', reject);
                resolve();
            });
        });
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** Serves with a renewed certificate from now on. */
    renewCertificate({ cert, key }: { cert: string; key: string }): void {
        this.#server.setSecureContext({ cert, key, ca: this.#options.tls.clientCa, minVersion: 'TLSv1.2' });
    }

    async stop(): Promise<void> {
        await new Promise<void>((resolve) => {
            this.#server.close(() => {
                resolve();
            });
            for (const socket of this.#sockets) socket.destroy();
        });
    }

    async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
        try {
            const url = requestUrl(req);
            await this.#admit(req, url.pathname);
            const route = routeOf(req.method ?? 'GET', url.pathname);
            await route({ req, res, url }, this.#context);
        } catch (error) {
            this.#fail(res, error);
        }
    }

    async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
        socket.on('error', () => undefined);
        try {
            const url = requestUrl(req);
            await this.#admit(req, url.pathname);
            const connection = { req, socket, head, query: url.searchParams };
            const served = await serveStreaming(url.pathname, connection, this.#options);
            if (!served) throw new HttpError(404, '404 page not found');
        } catch (error) {
            const { code, message } = httpErrorOf(error);
            refuseUpgrade(socket, code, message);
        }
    }

    /** Throws 401 or 403 in upstream's words. */
    async #admit(req: IncomingMessage, path: string): Promise<void> {
        const { authenticate, authorize, nodeName, logger } = this.#options;
        let user: KubeletUser | undefined;
        try {
            user = await authenticate(req);
        } catch (error) {
            logger.warn({ err: error }, 'cannot authenticate a request');
        }
        if (user === undefined) throw new HttpError(401, 'Unauthorized');
        const access = accessOf(req, path);
        let allowed: boolean;
        try {
            allowed = await authorize(user, access);
        } catch (error) {
            const what = `user=${user.name}, verb=${access.verb}, resource=nodes, subresource(s)=[${access.subresources.join(' ')}]`;
            throw new HttpError(500, `Authorization error (${what})`, { cause: error });
        }
        if (allowed) return;
        const what = `user=${user.name}, verb=${access.verb}, resource=nodes, subresource(s)=[${access.subresources.join(' ')}]`;
        logger.debug({ user: user.name, node: nodeName, path }, 'request is forbidden');
        throw new HttpError(403, `Forbidden (${what})`);
    }

    #fail(res: ServerResponse, error: unknown): void {
        const { code, message } = httpErrorOf(error);
        if (code >= 500) this.#options.logger.warn({ err: error }, 'a request of the kubelet server failed');
        if (res.headersSent) {
            res.destroy();
            return;
        }
        res.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8' }).end(message);
    }
}

function requestUrl(req: IncomingMessage): URL {
    try {
        return new URL(req.url ?? '/', 'https://kubelet');
    } catch (error) {
        throw new HttpError(400, 'bad request target', { cause: error });
    }
}
