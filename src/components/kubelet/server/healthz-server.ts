import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Stoppable } from '../../../util/lifecycle.ts';

export const healthzPort = 10_248;
const loopback = '127.0.0.1';

/** Plain HTTP on loopback for local supervisors: /healthz is "ok", or 500 with what is wrong. */
export class HealthzServer implements Stoppable {
    readonly #server: Server;
    readonly #port: number;

    constructor(options: { port?: number; problem?: () => string | undefined } = {}) {
        this.#port = options.port ?? healthzPort;
        this.#server = createServer((req, res) => {
            const known = (req.url ?? '').split('?')[0] === '/healthz';
            const problem = known ? options.problem?.() : '404 page not found';
            res.writeHead(!known ? 404 : problem === undefined ? 200 : 500, { 'Content-Type': 'text/plain' });
            res.end(problem ?? 'ok');
        });
    }

    async start(): Promise<void> {
        await new Promise<void>((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen(this.#port, loopback, () => {
                this.#server.removeListener('error', reject);
                resolve();
            });
        });
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    async stop(): Promise<void> {
        await new Promise<void>((resolve) => {
            this.#server.close(() => {
                resolve();
            });
            this.#server.closeAllConnections();
        });
    }
}
