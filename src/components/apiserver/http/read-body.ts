import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { statusErrors } from '../../../api/meta/status-error.ts';

/** Upstream's bound for request bodies. */
export const requestBodyBytesMax = 3 * 1024 * 1024;
const bodyTimeoutMs = 60_000;

/** The whole body; 413 as soon as it is larger than the bound, without reading the rest. */
export async function readBody(request: IncomingMessage | Http2ServerRequest): Promise<Buffer> {
    const announced = Number(request.headers['content-length'] ?? '0');
    if (announced > requestBodyBytesMax) throw tooLarge();
    return await new Promise<Buffer>((resolve, reject) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const timer = setTimeout(() => {
            fail(statusErrors.timeout('the body of the request did not arrive in time'));
        }, bodyTimeoutMs);
        const settle = (): void => {
            clearTimeout(timer);
            request.off('data', onData);
        };
        const fail = (error: Error): void => {
            settle();
            request.pause();
            reject(error);
        };
        const onData = (chunk: Buffer): void => {
            bytes += chunk.length;
            if (bytes > requestBodyBytesMax) fail(tooLarge());
            else chunks.push(chunk);
        };
        request.on('data', onData);
        request.once('end', () => {
            settle();
            resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
        });
        request.once('error', fail);
        request.once('close', () => {
            if (!request.complete) fail(statusErrors.badRequest('unexpected EOF'));
        });
    });
}

function tooLarge(): Error {
    return statusErrors.requestEntityTooLarge(`limit is ${requestBodyBytesMax}`);
}
