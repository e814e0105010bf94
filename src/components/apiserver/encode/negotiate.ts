import { statusErrors } from '../../../api/meta/status-error.ts';
import { type ApiRequest, headerOf } from '../request.ts';

/** What the client wants to get. */
export interface Media {
    serializer: 'json' | 'yaml';
    shape: Shape;
    isPretty: boolean;
}

export type Shape =
    | { type: 'object' }
    | { type: 'table'; version: MetaVersion; includeObject: 'None' | 'Metadata' | 'Object' }
    /** PartialObjectMetadata, or its list. */
    | { type: 'partial'; version: MetaVersion };

/** Versions of meta.k8s.io, in which the shapes are the same. */
export type MetaVersion = 'v1' | 'v1beta1';

interface Clause {
    type: string;
    params: Map<string, string>;
    quality: number;
}

const jsonType = 'application/json';
const yamlType = 'application/yaml';
const accepted = [jsonType, yamlType];
/** Header bytes looked at; clients send a few hundred. */
const acceptCharsMax = 4096;

export const contentTypeOf = { json: jsonType, yaml: yamlType } as const;

/** How to encode an answer that is no object of the registry: Status, Scale, discovery. */
export function negotiatePlain(request: ApiRequest): Media {
    try {
        return { ...negotiate(request, { isWatch: false }), shape: { type: 'object' } };
    } catch {
        return { serializer: 'json', shape: { type: 'object' }, isPretty: isPretty(request) };
    }
}

/** 406 where the client takes nothing but shapes of stored objects (Table), and there are none. */
export function requireObjectShape(request: ApiRequest): void {
    negotiate(request, { isWatch: false, objectsOnly: true });
}

/** The first clause of `Accept`, by quality, that can be served; 406 when none can. */
export function negotiate(
    request: ApiRequest,
    { isWatch, objectsOnly = false }: { isWatch: boolean; objectsOnly?: boolean },
): Media {
    const header = (headerOf(request, 'accept') ?? '').slice(0, acceptCharsMax);
    const pretty = isPretty(request);
    if (header.trim() === '') return { serializer: 'json', shape: { type: 'object' }, isPretty: pretty };
    for (const clause of parseAccept(header)) {
        const serializer = serializerOf(clause.type);
        if (serializer === undefined || (isWatch && serializer === 'yaml')) continue;
        const shape = shapeOf(clause, request.query);
        if (shape === undefined || (objectsOnly && shape.type !== 'object')) continue;
        return { serializer, shape, isPretty: pretty };
    }
    throw statusErrors.notAcceptable(
        `only the following media types are accepted: ${(isWatch ? [jsonType] : accepted).join(', ')}`,
    );
}

function parseAccept(header: string): Clause[] {
    const clauses = header.split(',').map((text): Clause => {
        const [type = '', ...rest] = text.split(';').map((part) => part.trim());
        const params = new Map<string, string>();
        for (const param of rest) {
            const equals = param.indexOf('=');
            if (equals > 0) params.set(param.slice(0, equals).toLowerCase(), param.slice(equals + 1));
        }
        const quality = Number(params.get('q') ?? '1');
        return { type: type.toLowerCase(), params, quality: Number.isNaN(quality) ? 0 : quality };
    });
    return clauses.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
}

function serializerOf(type: string): Media['serializer'] | undefined {
    if (type === jsonType || type === '*/*' || type === 'application/*') return 'json';
    if (type === yamlType || type === 'application/x-yaml') return 'yaml';
    return undefined;
}

function shapeOf({ params }: Clause, query: URLSearchParams): Shape | undefined {
    const as = params.get('as');
    if (as === undefined || as === '') return { type: 'object' };
    const version = params.get('v');
    if (params.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
    switch (as) {
        case 'Table':
            return { type: 'table', version, includeObject: includeObjectOf(query) };
        case 'PartialObjectMetadata':
        case 'PartialObjectMetadataList':
            return { type: 'partial', version };
        default:
            return undefined;
    }
}

function includeObjectOf(query: URLSearchParams): 'None' | 'Metadata' | 'Object' {
    const value = query.get('includeObject') ?? '';
    switch (value) {
        case '':
        case 'Metadata':
            return 'Metadata';
        case 'None':
        case 'Object':
            return value;
        default:
            throw statusErrors.badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
    }
}

/** Asked for, or a person at a terminal. */
function isPretty(request: ApiRequest): boolean {
    const value = request.query.get('pretty');
    if (value !== null) return value !== '0' && value !== 'false';
    return /^(?:curl|Wget|Mozilla\/5\.0)/.test(headerOf(request, 'user-agent') ?? '');
}
