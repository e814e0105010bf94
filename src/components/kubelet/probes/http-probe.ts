import type { IncomingMessage } from 'node:http';
import type { V1HTTPGetAction, V1HTTPHeader } from '../../../api/meta/object.ts';
import { probeHeaders, resolvePort, type ProbeOutcome, type ProbeTarget } from './probe-handler.ts';

const bodyBytesMax = 10 * 1024;
const redirectsMax = 10;

/** GET as the action asks; 200 to 399 is healthy. Redirects to the same host are followed. */
export async function httpProbe(action: V1HTTPGetAction, target: ProbeTarget): Promise<ProbeOutcome> {
    const scheme = (action.scheme ?? 'HTTP').toLowerCase();
    const host = action.host ? action.host : target.podIp;
    const port = resolvePort(action.port, target.container);
    const path = action.path ?? '/';
    const url = new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`);
    const question = path.indexOf('?');
    url.pathname = question < 0 ? path : path.slice(0, question);
    if (question >= 0) url.search = path.slice(question);
    return await getUrl(url, {
        headers: action.httpHeaders ?? [],
        timeoutMs: target.timeoutMs,
        signal: target.signal,
    });
}

interface GetOptions {
    headers: readonly V1HTTPHeader[];
    timeoutMs: number;
    signal: AbortSignal;
}

/** Also what httpGet lifecycle hooks run. */
export async function getUrl(url: URL, { headers, timeoutMs, signal }: GetOptions): Promise<ProbeOutcome> {
    const timeout = AbortSignal.timeout(timeoutMs);
    let current = url;
    try {
        for (let redirects = 0; redirects <= redirectsMax; redirects++) {
            const answer = await get(current, headers, AbortSignal.any([timeout, signal]));
            const location = answer.location === undefined ? undefined : new URL(answer.location, current);
            if (location === undefined || !isRedirect(answer.status)) return verdict(answer);
            if (location.hostname !== url.hostname) {
                const output = `Probe terminated redirects, Response body: ${answer.body}`;
                return { result: 'warning', output };
            }
            current = location;
        }
        return {
            result: 'failure',
            output: `Get "${urlText(url)}": stopped after ${redirectsMax} redirects`,
        };
    } catch (error) {
        const why = timeout.aborted
            ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
            : connectionError(error, current);
        return { result: 'failure', output: `Get "${urlText(current)}": ${why}` };
    }
}

function isRedirect(status: number): boolean {
    return [301, 302, 303, 307, 308].includes(status);
}

function connectionError(error: unknown, url: URL): string {
    const { code, message } = error as NodeJS.ErrnoException;
    const host = hostAndPort(url);
    if (code === 'ECONNREFUSED') return `dial tcp ${host}: connect: connection refused`;
    if (code === 'EHOSTUNREACH') return `dial tcp ${host}: connect: no route to host`;
    return message;
}

/** As Go writes it: with the port even when it is the scheme's own. */
function hostAndPort({ hostname, port, protocol }: URL): string {
    return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

function urlText(url: URL): string {
    return `${url.protocol}//${hostAndPort(url)}${url.pathname}${url.search}`;
}

interface Answer {
    status: number;
    body: string;
    location: string | undefined;
}

function verdict({ status, body }: Answer): ProbeOutcome {
    if (status >= 200 && status < 400) return { result: 'success', output: body };
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
}

async function get(url: URL, headers: readonly V1HTTPHeader[], signal: AbortSignal): Promise<Answer> {
    const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
    return await new Promise((resolve, reject) => {
        const options = {
            headers: probeHeaders(headers),
            signal,
            agent: false,
            // A kubelet cannot know the authority of a pod's certificate.
            rejectUnauthorized: false,
        };
        const sent = request(url, options, (response) => {
            void readBody(response).then((body) => {
                resolve({ status: response.statusCode ?? 0, body, location: response.headers.location });
            }, reject);
        });
        sent.on('error', reject);
        sent.end();
    });
}

async function readBody(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= bodyBytesMax) break;
    }
    return Buffer.concat(chunks).subarray(0, bodyBytesMax).toString('utf8');
}
