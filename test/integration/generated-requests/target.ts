import https from 'node:https';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { AuthServer } from '../support/auth-server.ts';

export interface GeneratedRequest {
    method: string;
    path: string;
    headers?: Readonly<Record<string, string | string[]>>;
    body?: string | Buffer | undefined;
    /** A stream is left when it has sent nothing for so long; without it the answer is read to its end. */
    quietMs?: number | undefined;
    /** A stream is left as soon as this says so of what has come. */
    enough?: ((text: string) => boolean) | undefined;
}

export interface GeneratedAnswer {
    code: number;
    headers: Readonly<Record<string, string | string[] | undefined>>;
    text: string;
}

/** What generated requests are sent to. Rejects when there is no whole answer. */
export interface Target {
    send(request: GeneratedRequest): Promise<GeneratedAnswer>;
    /** What was logged as an error since it was asked last; a request must not be able to cause one. */
    takeErrors?(): string[];
}

const answerTimeoutMs = 15_000;
const errorsMax = 20;

/** The API server as its command starts it, over HTTPS; the sender is the administrator. */
export class ServerTarget implements Target {
    readonly #server: AuthServer;
    readonly #agent: https.Agent;

    readonly #errors: string[];

    private constructor(server: AuthServer, errors: string[]) {
        this.#server = server;
        this.#errors = errors;
        const { ca, clients } = server.running.pki;
        this.#agent = new https.Agent({ keepAlive: true, maxSockets: 4, ca: ca.cert, ...clients.admin });
    }

    static async start(): Promise<ServerTarget> {
        const errors: string[] = [];
        const write = (line: string): void => {
            if (errors.length < errorsMax) errors.push(line);
        };
        const server = await AuthServer.start(() => ({}), pino({ level: 'error' }, { write }));
        return new ServerTarget(server, errors);
    }

    takeErrors(): string[] {
        return this.#errors.splice(0);
    }

    async stop(): Promise<void> {
        this.#agent.destroy();
        await this.#server.stop();
    }

    async send(request: GeneratedRequest): Promise<GeneratedAnswer> {
        const { method, path, headers, body } = request;
        return await new Promise((resolve, reject) => {
            const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
            const { port } = this.#server.running.server.address;
            const where = { host: '127.0.0.1', port, agent: this.#agent, timeout: answerTimeoutMs };
            const sent = https.request(
                { ...where, method, path, headers: { ...length, ...headers } },
                (response) => {
                    const { statusCode: code = 0, headers: received } = response;
                    const chunks: Buffer[] = [];
                    const answer = (): GeneratedAnswer => ({
                        code,
                        headers: received,
                        text: textOf(Buffer.concat(chunks), received['content-encoding']),
                    });
                    const leave = (): void => {
                        resolve(answer());
                        sent.destroy();
                    };
                    const quiet =
                        request.quietMs === undefined ? undefined : setTimeout(leave, request.quietMs);
                    response.on('data', (chunk: Buffer) => {
                        chunks.push(chunk);
                        quiet?.refresh();
                        if (request.enough?.(answer().text) === true) leave();
                    });
                    response.on('error', reject);
                    response.on('close', () => clearTimeout(quiet));
                    response.on('end', () => resolve(answer()));
                },
            );
            sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
            sent.on('error', reject);
            sent.end(body);
        });
    }
}

/** What is cut off in the middle has no text. */
function textOf(bytes: Buffer, encoding: string | undefined): string {
    if (encoding !== 'gzip') return bytes.toString();
    try {
        return gunzipSync(bytes).toString();
    } catch {
        return '';
    }
}
