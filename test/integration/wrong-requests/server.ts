import https from 'node:https';
import { connect } from 'node:tls';
import { AuthServer } from '../support/auth-server.ts';
import type { Sender } from './wrong-request.ts';

export interface RawAnswer {
    code: number;
    headers: Readonly<Record<string, string | string[] | undefined>>;
    text: string;
}

export interface RawRequest {
    method: string;
    path: string;
    headers?: Readonly<Record<string, string>>;
    body?: object | string | Buffer | undefined;
    as?: Sender;
}

const answerTimeoutMs = 15_000;

/** The API server as its command starts it, and requests to it that nothing corrects on the way. */
export class WrongRequestServer {
    readonly #server: AuthServer;
    readonly #agents = new Map<Sender | undefined, https.Agent>();
    readonly senders = new Map<string, Sender>();

    private constructor(server: AuthServer) {
        this.#server = server;
    }

    static async start(): Promise<WrongRequestServer> {
        const server = await AuthServer.start(() => ({ 'anonymous-auth': true }));
        return new WrongRequestServer(server);
    }

    async stop(): Promise<void> {
        for (const agent of this.#agents.values()) agent.destroy();
        await this.#server.stop();
    }

    get auth(): AuthServer {
        return this.#server;
    }

    /** One request; rejects when no whole answer comes in time. */
    async send({ method, path, headers = {}, body, as }: RawRequest): Promise<RawAnswer> {
        const bytes = bytesOf(body);
        const isText = typeof body === 'string' || Buffer.isBuffer(body);
        return await new Promise<RawAnswer>((resolve, reject) => {
            const request = https.request(
                `${this.#server.url}/`,
                {
                    method,
                    path,
                    agent: this.#agentOf(as),
                    headers: {
                        ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
                        ...(bytes === undefined || (isText && 'content-type' in headers)
                            ? {}
                            : { 'content-type': 'application/json' }),
                        ...as?.headers,
                        ...headers,
                    },
                    timeout: answerTimeoutMs,
                },
                (response) => {
                    const chunks: Buffer[] = [];
                    response.on('data', (chunk: Buffer) => chunks.push(chunk));
                    response.on('error', reject);
                    response.on('end', () => {
                        const { statusCode: code = 0, headers: received } = response;
                        resolve({ code, headers: received, text: Buffer.concat(chunks).toString() });
                    });
                },
            );
            request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${path}`)));
            request.on('error', reject);
            request.end(bytes);
        });
    }

    /** Bytes of somebody's own making over one connection; what came back until its end. */
    async sendBytes(bytes: string | Buffer): Promise<string> {
        const { port } = this.#server.running.server.address;
        const { ca, clients } = this.#server.running.pki;
        return await new Promise<string>((resolve, reject) => {
            const chunks: Buffer[] = [];
            const socket = connect({ host: '127.0.0.1', port, ca: ca.cert, ...clients.admin }, () => {
                socket.write(bytes);
            });
            socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no answer in time')));
            socket.on('data', (chunk: Buffer) => chunks.push(chunk));
            socket.on('error', reject);
            socket.on('end', () => socket.end());
            socket.on('close', () => {
                resolve(Buffer.concat(chunks).toString());
            });
        });
    }

    /** Makes an object as the administrator; throws unless that succeeds. */
    async make(
        path: string,
        body: object,
    ): Promise<{ metadata: { name: string; resourceVersion: string; uid: string } }> {
        const { code, text } = await this.send({ method: 'POST', path, body });
        if (code > 299) throw new Error(`POST ${path}: ${text}`);
        return JSON.parse(text) as { metadata: { name: string; resourceVersion: string; uid: string } };
    }

    #agentOf(as: Sender | undefined): https.Agent {
        let agent = this.#agents.get(as);
        if (agent === undefined) {
            const { ca, clients } = this.#server.running.pki;
            const certificate = as === undefined ? clients.admin : as.certificate;
            agent = new https.Agent({ keepAlive: true, ca: ca.cert, ...certificate });
            this.#agents.set(as, agent);
        }
        return agent;
    }
}

function bytesOf(body: RawRequest['body']): Buffer | undefined {
    if (body === undefined) return undefined;
    if (Buffer.isBuffer(body)) return body;
    return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
