import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { statusErrorOf } from '../../../client/status-body.ts';
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

/** A peer that vanished is noticed within this and some ten seconds. */
const keepAliveProbeMs = 30_000;

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
    const deadline = AbortSignal.timeout(question.timeoutMs);
    const signal = question.signal === undefined ? deadline : AbortSignal.any([deadline, question.signal]);
    try {
        const response = await send(question, signal);
        const body = await readAnswer(response, question.answerBytesMax);
        return { status: response.statusCode ?? 0, headers: response.headers, body };
    } catch (error) {
        if (deadline.aborted) throw new Error('context deadline exceeded', { cause: error });
        throw error;
    }
}

/**
 * Asks an extension server for a watch: its answer has begun, within the question's time, and goes on until
 * somebody ends it. Rejects with a StatusError where the server answers with anything but a watch, else as
 * `askExtension` does.
 */
export async function watchExtension(question: ExtensionQuestion): Promise<IncomingMessage> {
    const late = new AbortController();
    const timer = setTimeout(() => {
        late.abort();
    }, question.timeoutMs);
    const signal =
        question.signal === undefined ? late.signal : AbortSignal.any([late.signal, question.signal]);
    try {
        const response = await send(question, signal);
        if (response.statusCode === 200) return response;
        const body = await readAnswer(response, question.answerBytesMax);
        throw statusErrorOf(response.statusCode ?? 0, jsonOrText(body), response.headers['retry-after']);
    } catch (error) {
        if (late.signal.aborted) throw new Error('context deadline exceeded', { cause: error });
        throw error;
    } finally {
        clearTimeout(timer);
    }
}

function jsonOrText(body: Buffer): unknown {
    const text = body.toString('utf8');
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}

async function send(question: ExtensionQuestion, signal: AbortSignal): Promise<IncomingMessage> {
    const { host, port, tls, path, method = 'GET', headers, body } = question;
    const { insecure, ...credentials } = tls;
    return await new Promise<IncomingMessage>((resolve, reject) => {
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
        sent.on('socket', (socket) => socket.setKeepAlive(true, keepAliveProbeMs));
        sent.on('upgrade', (_response, socket) => {
            socket.destroy();
            reject(new Error('the server changed the protocol unasked'));
        });
        sent.on('response', resolve);
        sent.end(body);
    });
}

async function readAnswer(response: IncomingMessage, answerBytesMax: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > answerBytesMax) throw new Error(`the answer is longer than ${answerBytesMax} bytes`);
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}
