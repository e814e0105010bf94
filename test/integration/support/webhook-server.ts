import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issueCertificate } from '../../../src/pki/authority.ts';

/** What a webhook was asked. */
export interface AskedReview {
    apiVersion: string;
    kind: string;
    request: Record<string, unknown> & {
        uid: string;
        operation: string;
        object: { metadata?: { name?: string; labels?: Record<string, string> } } | null;
        oldObject: object | null;
    };
}

/** The `response` of a review without its uid, or a whole answer of one's own. */
export type Reply =
    Record<string, unknown> | { raw: { status?: number; headers?: Record<string, string>; body: string } };

/** How reviews are answered, by path. */
export type Replies = Record<string, (review: AskedReview) => Reply | Promise<Reply>>;

export interface Listening {
    host?: string;
    port?: number;
    /** Whom the certificate is for, besides 127.0.0.1. */
    dnsName?: string;
}

const hourMs = 3_600_000;

/** A real HTTPS server that answers admission reviews by path. */
export class WebhookServer {
    readonly asked: { path: string; review: AskedReview }[] = [];
    readonly #server: Server;
    readonly #replies: Replies;
    readonly caBundle: string;
    connections = 0;

    private constructor(server: Server, replies: Replies, ca: string) {
        this.#server = server;
        this.#replies = replies;
        this.caBundle = Buffer.from(ca).toString('base64');
    }

    /** @param listening default: any port of 127.0.0.1, and the name of a Service "hook" in "default" */
    static async start(
        replies: Replies,
        { host = '127.0.0.1', port = 0, dnsName = 'hook.default.svc' }: Listening = {},
    ): Promise<WebhookServer> {
        const validity = {
            notBefore: new Date(Date.now() - hourMs),
            notAfter: new Date(Date.now() + 24 * hourMs),
        };
        const authority = await createAuthority('webhook-ca', validity);
        const tls = await issueCertificate(authority, {
            commonName: 'webhook',
            usages: ['server'],
            ipAddresses: ['127.0.0.1'],
            dnsNames: [dnsName],
            validity,
        });
        const server = createServer({ cert: tls.cert, key: tls.key });
        const made = new WebhookServer(server, replies, authority.cert);
        server.on('secureConnection', () => made.connections++);
        server.on('request', (request, response) => {
            const chunks: Buffer[] = [];
            request.on('data', (chunk: Buffer) => chunks.push(chunk));
            request.on('end', () => {
                const review = JSON.parse(Buffer.concat(chunks).toString()) as AskedReview;
                const path = new URL(request.url ?? '/', 'https://x').pathname;
                made.asked.push({ path: request.url ?? '', review });
                void (async () => {
                    const reply = await made.#replies[path]?.(review);
                    if (reply === undefined) {
                        response.writeHead(404).end('no such hook');
                        return;
                    }
                    if ('raw' in reply) {
                        const {
                            status = 200,
                            headers = {},
                            body,
                        } = reply.raw as {
                            status?: number;
                            headers?: Record<string, string>;
                            body: string;
                        };
                        response.writeHead(status, headers).end(body);
                        return;
                    }
                    const { apiVersion, kind } = review;
                    const answer = { apiVersion, kind, response: { uid: review.request.uid, ...reply } };
                    response.writeHead(200, { 'content-type': 'application/json' });
                    response.end(JSON.stringify(answer));
                })();
            });
        });
        await new Promise<void>((resolve) => server.listen(port, host, resolve));
        return made;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    url(path: string): string {
        return `https://127.0.0.1:${this.port}${path}`;
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }
}

/** A JSON patch as a response carries it. */
export function patch(operations: object[]): Reply {
    return {
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
    };
}
