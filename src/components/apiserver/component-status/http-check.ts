import { request as httpsRequest } from 'node:https';
import { goWords } from '../admission/webhook/client.ts';

/** What a component says of itself, in the words of upstream's probes. */
export type CheckOutcome =
    { health: 'healthy'; message: string } | { health: 'unhealthy'; message: string; error?: string };

/** Upstream's bound on the body that becomes a message. */
const messageBytesMax = 10 * 1024;
const timeoutMs = 20_000;

/**
 * Asks a component at its own port on this machine, whose certificate is its own. Never rejects: one that cannot be
 * reached is unhealthy, and the message says why.
 */
export async function checkOverHttps(
    { port, path = '/healthz' }: { port: number; path?: string },
    signal: AbortSignal,
): Promise<CheckOutcome> {
    const host = '127.0.0.1';
    const url = `https://${host}:${port}${path}`;
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
        const { status, body } = await get({ host, port, path }, bounded);
        if (status >= 200 && status < 400) return { health: 'healthy', message: body };
        return { health: 'unhealthy', message: `HTTP probe failed with statuscode: ${status}` };
    } catch (error) {
        return { health: 'unhealthy', message: `Get "${url}": ${reasonOf(error, { host, port })}` };
    }
}

async function get(
    target: { host: string; port: number; path: string },
    signal: AbortSignal,
): Promise<{ status: number; body: string }> {
    return await new Promise((resolve, reject) => {
        const call = httpsRequest(
            { ...target, signal, agent: false, rejectUnauthorized: false },
            (response) => {
                const chunks: Buffer[] = [];
                let length = 0;
                const finish = (): void => {
                    const body = Buffer.concat(chunks).subarray(0, messageBytesMax).toString();
                    resolve({ status: response.statusCode ?? 0, body });
                };
                response.on('data', (chunk: Buffer) => {
                    chunks.push(chunk);
                    length += chunk.length;
                    if (length < messageBytesMax) return;
                    finish();
                    response.destroy();
                });
                response.on('end', finish);
                response.on('error', reject);
            },
        );
        call.on('error', reject);
        call.end();
    });
}

function reasonOf(error: unknown, { host, port }: { host: string; port: number }): string {
    const { name } = error as Error;
    const isLate = name === 'TimeoutError' || name === 'AbortError';
    if (isLate) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    return goWords(error, { host, port, serverName: host });
}
