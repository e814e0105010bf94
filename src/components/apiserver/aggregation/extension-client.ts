import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ExtensionTls } from './extension-services.ts';
import { identityHeaders } from './identity-headers.ts';

/** One question of this server itself, as opposed to a client's request that is passed on. */
export interface ExtensionQuestion {
    host: string;
    port: number;
    tls: ExtensionTls;
    /** With query. */
    path: string;
    method?: string;
    headers?: OutgoingHttpHeaders;
    body?: string;
    /** For the whole answer. */
    timeoutMs: number;
    /** Longer answers are refused. */
    answerBytesMax: number;
    signal?: AbortSignal;
}

export interface ExtensionAnswer {
    status: number;
    headers: IncomingHttpHeaders;
    body: Buffer;
}

/** Who this server is when it asks on its own behalf. */
const aggregatorIdentity = {
    username: 'system:kube-aggregator',
    uid: '',
    groups: ['system:masters'],
    extra: {},
};

/**
 * Asks an extension server; redirects are answers like others. Rejects when it cannot be reached, does not prove
 * itself, takes too long or says too much.
 */
export async function askExtension(question: ExtensionQuestion): Promise<ExtensionAnswer> {
    const { host, port, tls, path, method = 'GET', headers, body, timeoutMs, answerBytesMax } = question;
    const { insecure, ...credentials } = tls;
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = question.signal === undefined ? deadline : AbortSignal.any([deadline, question.signal]);
    try {
        return await new Promise<ExtensionAnswer>((resolve, reject) => {
            const sent = httpsRequest({
                ...credentials,
                ...{ host, port, path, method, signal },
                agent: false,
                rejectUnauthorized: !insecure,
                headers: {
                    Accept: 'application/json',
                    Host: tls.servername,
                    ...identityHeaders(aggregatorIdentity),
                    ...headers,
                    ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
                },
            });
            sent.on('error', reject);
            sent.on('upgrade', (_response, socket) => {
                socket.destroy();
                reject(new Error('the server changed the protocol unasked'));
            });
            sent.on('response', (response) => {
                const chunks: Buffer[] = [];
                let bytes = 0;
                response.on('error', reject);
                response.on('data', (chunk: Buffer) => {
                    bytes += chunk.length;
                    if (bytes <= answerBytesMax) chunks.push(chunk);
                    else sent.destroy(new Error(`the answer is longer than ${answerBytesMax} bytes`));
                });
                response.on('end', () => {
                    resolve({
                        status: response.statusCode ?? 0,
                        headers: response.headers,
                        body: Buffer.concat(chunks),
                    });
                });
            });
            sent.end(body);
        });
    } catch (error) {
        if (deadline.aborted) throw new Error('context deadline exceeded', { cause: error });
        throw error;
    }
}
