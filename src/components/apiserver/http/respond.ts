import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Context } from 'koa';
import type { V1Status } from '../../../api/meta/object.ts';
import type { StatusError } from '../../../api/meta/status-error.ts';
import { encodeList, encodeObject, encodeValue, shapedValue } from '../encode/encode-result.ts';
import type { Tabular } from '../encode/table.ts';
import { contentTypeOf, negotiate, negotiatePlain } from '../encode/negotiate.ts';
import type { ApiRequest, ApiResult, WatchResult } from '../request.ts';
import { acceptsGzip } from './accepts-gzip.ts';
import { boundedWarnings } from './bounded-warnings.ts';
import { openWatch, type WatchOptions } from './open-watch.ts';

/** Answers smaller than this are not worth compressing. */
const gzipBytesMin = 128 * 1024;
/** Pieces of large answers are joined to writes of about this size. */
const chunkBytes = 256 * 1024;

export interface RespondOptions extends WatchOptions {
    /** Told how large an answer is, before compression. */
    sent?(request: ApiRequest, bytes: number): void;
}

/** Writes what a handler answered with. */
export async function respond(
    context: Context,
    request: ApiRequest,
    { result, options }: { result: ApiResult; options: RespondOptions },
): Promise<void> {
    setWarnings(context, request);
    switch (result.type) {
        case 'object': {
            const media = negotiate(request, { isWatch: false });
            const { object, definition, status } = result;
            context.status = status;
            const parts = await encodeObject(object, definition, media, options.nowMs());
            options.sent?.(request, lengthOf(parts));
            send(context, request, { parts, contentType: contentTypeOf[media.serializer] });
            return;
        }
        case 'list': {
            const media = negotiate(request, { isWatch: false });
            const parts = await encodeList(result, media, options.nowMs());
            options.sent?.(request, lengthOf(parts));
            context.status = 200;
            send(context, request, { parts, contentType: contentTypeOf[media.serializer] });
            return;
        }
        case 'value': {
            const { columns, value } = result;
            const media =
                columns === undefined ? negotiatePlain(request) : negotiate(request, { isWatch: false });
            context.status = result.status;
            const shown =
                columns === undefined
                    ? value
                    : shapedValue(value as Tabular['object'], { columns, media, nowMs: options.nowMs() });
            const parts = [await encodeValue(shown, media)];
            send(context, request, { parts, contentType: contentTypeOf[media.serializer] });
            return;
        }
        case 'bytes':
            context.status = result.status;
            context.set(result.headers ?? {});
            send(context, request, { parts: [result.body], contentType: result.contentType });
            return;
        case 'watch':
            answerWatch(context, request, { result, options });
            return;
        case 'relayedWatch':
            throw new Error('a watch that is relayed inside the process has no answer on a socket');
        case 'raw':
            context.respond = false;
            context.res.statusCode = 200;
            await result.write(context.req, context.res);
            return;
    }
}

export async function respondError(context: Context, request: ApiRequest, error: StatusError): Promise<void> {
    setWarnings(context, request);
    const { code, status } = error;
    const retryAfter = status.details?.retryAfterSeconds;
    if (retryAfter !== undefined && retryAfter > 0) context.set('Retry-After', String(retryAfter));
    else if (code === 429) context.set('Retry-After', '1');
    // What is left of the body is not read.
    if (code === 413 && context.req.httpVersionMajor < 2) context.set('Connection', 'close');
    context.status = code;
    const media = negotiatePlain(request);
    const parts = [await encodeValue(inOrder(status), media)];
    send(context, request, { parts, contentType: contentTypeOf[media.serializer] });
}

/** The fields as upstream orders them, for people who read the bytes. */
function inOrder({ kind, apiVersion, metadata, status, message, reason, details, code }: V1Status): V1Status {
    return { kind, apiVersion, metadata, status, message, reason, details, code };
}

function setWarnings(context: Context, { warnings }: ApiRequest): void {
    for (const text of boundedWarnings(warnings)) context.append('Warning', `299 - "${quoted(text)}"`);
}

/** A quoted-string of RFC 9110; what headers cannot carry becomes a question mark. */
function quoted(text: string): string {
    return text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&');
}

function send(
    context: Context,
    request: ApiRequest,
    { parts, contentType }: { parts: Buffer[]; contentType: string },
): void {
    context.set('Content-Type', contentType);
    const bytes = lengthOf(parts);
    // What is kept compressed comes with its encoding.
    const isCompressible = bytes >= gzipBytesMin && !context.res.hasHeader('Content-Encoding');
    const isGzip = isCompressible && request.method === 'GET' && acceptsGzip(request);
    if (isCompressible) context.vary('Accept-Encoding');
    if (isGzip) {
        context.set('Content-Encoding', 'gzip');
        context.body = Readable.from(chunks(parts), { objectMode: false }).pipe(createGzip({ level: 1 }));
    } else if (bytes > chunkBytes) {
        context.body = Readable.from(chunks(parts), { objectMode: false });
        context.length = bytes;
    } else {
        context.body = parts.length === 1 ? parts[0] : Buffer.concat(parts, bytes);
    }
    context.set('Content-Type', contentType);
}

function lengthOf(parts: readonly Buffer[]): number {
    return parts.reduce((sum, part) => sum + part.length, 0);
}

function* chunks(parts: readonly Buffer[]): Generator<Buffer> {
    let batch: Buffer[] = [];
    let bytes = 0;
    for (const part of parts) {
        batch.push(part);
        bytes += part.length;
        if (bytes < chunkBytes) continue;
        yield Buffer.concat(batch, bytes);
        batch = [];
        bytes = 0;
    }
    if (bytes > 0) yield Buffer.concat(batch, bytes);
}

function answerWatch(
    context: Context,
    request: ApiRequest,
    { result, options }: { result: WatchResult; options: RespondOptions },
): void {
    const { shape } = negotiate(request, { isWatch: true });
    const { res } = context;
    // The client went while the watch was prepared: nobody would say that it has ended.
    if (request.isOver ?? request.signal.aborted) return;
    context.status = 200;
    context.set('Content-Type', contentTypeOf.json);
    context.respond = false;
    res.statusCode = 200;
    res.flushHeaders();
    res.once('close', openWatch(res, request, { result, shape, options }));
}
