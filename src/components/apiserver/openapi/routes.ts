import { gunzipSync } from 'node:zlib';
import { statusErrors } from '../../../api/meta/status-error.ts';
import {
    openApiV2Document,
    openApiV2Protobuf,
    type OpenApiV2Bytes,
    openApiV2ProtobufContentType,
} from '../../../api/schema/openapi-v2.ts';
import { openApiV3Document, openApiV3Index } from '../../../api/schema/openapi-v3.ts';
import type { ForeignOpenApi } from '../aggregation/extension-openapi.ts';
import { CustomDocuments, type PublishedResources } from './custom-documents.ts';
import type { NonResourceRoute } from '../extensions.ts';
import { acceptsGzip } from '../http/accepts-gzip.ts';
import { type ApiRequest, type ApiResult, headerOf } from '../request.ts';

const jsonType = 'application/json';
/** A document under a URL with its hash never changes. */
const immutable = 'public, immutable';

/** /openapi/v2 and /openapi/v3: rendered on first demand, kept compressed. */
export function openApiRoutes(
    published: PublishedResources = nothingPublished,
    foreign?: ForeignOpenApi,
): NonResourceRoute[] {
    const custom = new CustomDocuments(published);
    return [
        {
            path: '/openapi/v2',
            handle: async (request) => openApiV2(request, await custom.v2(foreign)),
        },
        {
            path: '/openapi/v3',
            prefix: true,
            handle: async (request) => await openApiV3(request, custom, foreign),
        },
    ];
}

const nothingPublished: PublishedResources = { revision: 0, published: () => [] };

/** @param own undefined for the built-in document */
function openApiV2(request: ApiRequest, own: OpenApiV2Bytes | undefined): ApiResult {
    const { gzip, hash } = own === undefined ? openApiV2Document() : { gzip: own.json, hash: own.hash };
    const headers = { etag: `"${hash}"`, vary: 'Accept, Accept-Encoding' };
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

async function openApiV3(
    request: ApiRequest,
    custom: CustomDocuments,
    foreign: ForeignOpenApi | undefined,
): Promise<ApiResult> {
    const path = request.path.replace(/^\/openapi\/v3\/?/, '').replace(/\/$/, '');
    if (path === '') {
        const hashes = new Map([...custom.v3Hashes(), ...((await foreign?.v3Hashes()) ?? [])]);
        return { type: 'value', status: 200, value: openApiV3Index(hashes) };
    }
    const hash = request.query.get('hash');
    const document =
        (await foreign?.v3(path, hash ?? undefined)) ?? custom.v3(path) ?? openApiV3Document(path);
    if (document === undefined) throw statusErrors.pathNotFound();
    const headers: Record<string, string> = { etag: `"${document.hash}"`, vary: 'Accept, Accept-Encoding' };
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
    return acceptsGzip(request)
        ? {
              type: 'bytes',
              status: 200,
              contentType: jsonType,
              body: gzip,
              headers: { ...headers, 'content-encoding': 'gzip' },
          }
        : { type: 'bytes', status: 200, contentType: jsonType, body: gunzipSync(gzip), headers };
}
