import { request } from 'node:https';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { importControlPlaneKeys } from '../../pki/control-plane-keys.ts';
import { authorityHash, parseJoinToken, type JoinToken } from '../../pki/join-token.ts';
import type { Logger } from '../../util/logger.ts';
import { JoinError } from './join-error.ts';
import { joinPath, type JoinRequest, type JoinResponse } from './join-route.ts';

const connectTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const answerBytesMax = 1024 * 1024;
/** The first master may be starting, or busy with another change of the cluster. */
const attemptsMax = 30;
const retryMs = 2_000;

export interface JoinOptions {
    /** --server: https://<a master>:6443 */
    server: string;
    /** --token */
    token: string;
    member: JoinRequest;
    /** Where the keys that all masters share are put. */
    pkiDirectory: string;
    logger: Logger;
}

/**
 * Asks a master to let this one in. The server proves itself first: its certificate must be signed by the
 * authority whose hash is in the token; only then the token's secret is sent. Rejects with JoinError.
 */
export async function joinCluster(options: JoinOptions): Promise<JoinResponse> {
    const token = readToken(options.token);
    const url = readUrl(options.server);
    for (let attempt = 1; ; attempt++) {
        try {
            const ca = await authorityOf(url, token);
            const response = await ask({ url, ca, token, body: options.member });
            const keys = Buffer.from(response.keys, 'base64');
            await importControlPlaneKeys(options.pkiDirectory, keys, token.secret);
            return response;
        } catch (error) {
            if (!(error instanceof JoinError) || !error.retriable || attempt === attemptsMax) throw error;
            options.logger.warn({ server: url.origin, reason: error.message }, 'cannot join yet');
            await sleep(retryMs);
        }
    }
}

function readToken(text: string): JoinToken {
    if (text === '') {
        throw new JoinError('--server needs --token: the content of server-token on the first master');
    }
    try {
        return parseJoinToken(text);
    } catch (error) {
        throw new JoinError(`--token: ${error instanceof Error ? error.message : String(error)}`);
    }
}

function readUrl(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'https:') {
        throw new JoinError(`--server: "${text}" is no address such as https://192.168.0.10:6443`);
    }
    return url;
}

/** PEM of the authority at the end of the server's chain, if the token vouches for it. */
async function authorityOf(url: URL, token: JoinToken): Promise<string> {
    const chain = await new Promise<DetailedPeerCertificate>((resolve, reject) => {
        const socket = connect({
            host: url.hostname,
            port: Number(url.port || 443),
            // Nothing is trusted and nothing is said on this connection; it only shows the chain.
            rejectUnauthorized: false,
        });
        socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error('no answer')));
        socket.once('secureConnect', () => {
            resolve(socket.getPeerCertificate(true));
            socket.end();
        });
        socket.once('error', (cause: Error) => {
            reject(new JoinError(`cannot reach ${url.origin}: ${cause.message}`, { cause, retriable: true }));
        });
    });
    let authority = chain;
    while (authority.issuerCertificate !== authority && (authority.issuerCertificate as unknown)) {
        authority = authority.issuerCertificate;
    }
    const hash = authorityHash(authority.raw);
    if (hash === token.caHash) {
        return `-----BEGIN CERTIFICATE-----\n${authority.raw.toString('base64')}\n-----END CERTIFICATE-----\n`;
    }
    throw new JoinError(
        `${url.origin} does not belong to the cluster of the token: the key of its certificate authority has the hash ` +
            `${hash}, the token says ${token.caHash}`,
    );
}

async function ask(question: {
    url: URL;
    ca: string;
    token: JoinToken;
    body: JoinRequest;
}): Promise<JoinResponse> {
    const { url, ca, token, body } = question;
    const answer = await post(new URL(joinPath, url), { ca, credential: token.credential, body });
    if (answer.status === 200) return JSON.parse(answer.text) as JoinResponse;
    if (answer.status === 401) {
        throw new JoinError(`${url.origin} does not accept the token: take the content of its server-token`);
    }
    const message = messageOf(answer.text);
    throw new JoinError(`${url.origin} did not let this master in: ${message}`, {
        retriable: answer.status >= 500 || answer.status === 429,
    });
}

async function post(
    url: URL,
    { ca, credential, body }: { ca: string; credential: string; body: JoinRequest },
): Promise<{ status: number; text: string }> {
    return await new Promise((resolve, reject) => {
        const failed = (cause: Error): void => {
            reject(new JoinError(`cannot ask ${url.origin}: ${cause.message}`, { cause, retriable: true }));
        };
        const sent = request(
            url,
            {
                method: 'POST',
                ca,
                timeout: requestTimeoutMs,
                headers: { Authorization: `Bearer ${credential}`, 'Content-Type': 'application/json' },
            },
            (response) => {
                let text = '';
                response.setEncoding('utf8');
                response.on('data', (chunk: string) => {
                    text += chunk;
                    if (text.length > answerBytesMax) response.destroy(new Error('the answer is too long'));
                });
                response.on('error', failed);
                response.on('end', () => {
                    resolve({ status: response.statusCode ?? 0, text });
                });
            },
        );
        sent.on('timeout', () => sent.destroy(new Error('no answer')));
        sent.on('error', failed);
        sent.end(JSON.stringify(body));
    });
}

/** The message of a Status, else the text itself. */
function messageOf(text: string): string {
    try {
        return (JSON.parse(text) as { message?: string }).message ?? text;
    } catch {
        return text;
    }
}
