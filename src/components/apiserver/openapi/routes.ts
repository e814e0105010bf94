import { gunzipSync } from 'node:zlib';
import { statusErrors } from '../../../api/meta/status-error.ts';
import {
    openApiV2Document,
    openApiV2Protobuf,
    openApiV2ProtobufContentType,
} from '../../../api/schema/openapi-v2.ts';
import { openApiV3Document, openApiV3Index } from '../../../api/schema/openapi-v3.ts';
import { CustomDocuments, type PublishedResources } from './custom-documents.ts';
import type { NonResourceRoute } from '../extensions.ts';
import { type ApiRequest, type ApiResult, headerOf } from '../request.ts';

const jsonType = 'application/json';
/** A document under a URL with its hash never changes. */
const immutable = 'public, immutable';

/** /openapi/v2 and /openapi/v3: rendered on first demand, kept compressed. */
export function openApiRoutes(published?: PublishedResources): NonResourceRoute[] {
    const custom = published === undefined ? undefined : new CustomDocuments(published);
    return [
        { path: '/openapi/v2', handle: (request) => openApiV2(request, custom) },
        { path: '/openapi/v3', prefix: true, handle: (request) => openApiV3(request, custom) },
    ];
}

function openApiV2(request: ApiRequest, custom: CustomDocuments | undefined): ApiResult {
    const own = custom?.v2();
    const { gzip, hash } = own === undefined ? openApiV2Document() : { gzip: own.json, hash: own.hash };
    const headers = { etag: `"${hash}"`, vary: 'Accept' };
    if (isUnchanged(request, hash)) return notModified(headers);
    const accept = headerOf(request, 'accept') ?? '';
    // Old clients name the protobuf form alone; who also takes JSON gets what it names first.
    const wanted = accept.split(',').map((type) => (type.split(';')[0] ?? '').trim());
    const protobuf = wanted.findIndex((type) =>
        type.startsWith('application/com.github.proto-openapi.spec.v2'),
    );
    const json = wanted.findIndex((type) => type === '*/*' || type === 'application/*' || type === jsonType);
    if (protobuf >= 0 && (json < 0 || protobuf < json))
        return {
            type: 'bytes',
            status: 200,
            contentType: openApiV2ProtobufContentType,
            body: own === undefined ? openApiV2Protobuf() : gunzipSync(own.protobuf),
            headers,
        };
    return compressed(request, { gzip, headers });
}

function openApiV3(request: ApiRequest, custom: CustomDocuments | undefined): ApiResult {
    const path = request.path.replace(/^\/openapi\/v3\/?/, '').replace(/\/$/, '');
    if (path === '') return { type: 'value', status: 200, value: openApiV3Index(custom?.v3Hashes()) };
    const document = custom?.v3(path) ?? openApiV3Document(path);
    if (document === undefined) throw statusErrors.pathNotFound();
    const headers: Record<string, string> = { etag: `"${document.hash}"`, vary: 'Accept' };
    const hash = request.query.get('hash');
    if (hash === document.hash) headers['cache-control'] = immutable;
    if (isUnchanged(request, document.hash)) return notModified(headers);
    return compressed(request, { gzip: document.gzip, headers });
}

const isUnchanged = (request: ApiRequest, hash: string): boolean =>
    headerOf(request, 'if-none-match') === `"${hash}"`;

function notModified(headers: Record<string, string>): ApiResult {
    return { type: 'bytes', status: 304, contentType: jsonType, body: Buffer.alloc(0), headers };
}

/** The kept form as it is for clients that take gzip, which all Go clients do. */
function compressed(
    request: ApiRequest,
    { gzip, headers }: { gzip: Buffer; headers: Record<string, string> },
): ApiResult {
    const takesGzip = /\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '');
    return takesGzip
        ? {
              type: 'bytes',
              status: 200,
              contentType: jsonType,
              body: gzip,
              headers: { ...headers, 'content-encoding': 'gzip' },
          }
        : { type: 'bytes', status: 200, contentType: jsonType, body: gunzipSync(gzip), headers };
}
