import type { Draw } from './draw.ts';
import { collectionOf, names, namespace, type ServedResource } from './resources.ts';

const oddNames = [
    '..',
    '.',
    '%2e%2e',
    'a%2Fb',
    'A',
    'a_b',
    '%00',
    '%zz',
    '%',
    'a'.repeat(64),
    'a'.repeat(254),
    'a'.repeat(3000),
    '%C3%A4',
    '%ff',
    '*',
    'gen-a%20',
    'gen-a:b',
    '-',
    '__proto__',
    'constructor',
    'gen-a;b',
    'gen%2Da',
    '~',
    '@',
];

/** A path whose form is wrong in one place. */
export function oddPath(draw: Draw, resource: ServedResource): string {
    const whole = `${collectionOf(resource)}/${draw.pick(names)}`;
    const segments = whole.split('/');
    return draw.oneOf<string>([
        [6, () => `${collectionOf(resource)}/${draw.pick(oddNames)}`],
        [2, () => segments.toSpliced(1 + draw.below(segments.length - 1), 0, '').join('/')],
        [1, () => `${whole}/`],
        [
            2,
            () =>
                `${whole}/${draw.pick(['status', 'scale', 'none', '..', 'status/x', 'eviction', '__proto__', 'finalize'])}`,
        ],
        [2, () => segments.slice(0, 1 + draw.below(segments.length)).join('/')],
        [
            2,
            () =>
                segments
                    .with(
                        1 + draw.below(segments.length - 1),
                        draw.pick(['none', 'v2', 'API', '__proto__', '%61pi', ...oddNames]),
                    )
                    .join('/'),
        ],
        [1, () => `${resource.root}/namespaces/none/${resource.plural}`],
        [1, () => `${resource.root}/watch/namespaces/${namespace}/${resource.plural}`],
        [1, () => whole.replaceAll('e', '%65')],
        [
            1,
            () =>
                draw.pick([
                    '/',
                    '//',
                    '/api',
                    '/apis',
                    '/apis/',
                    '/version',
                    '/openapi/v2',
                    '/openapi/v3',
                    '/healthz/none',
                    '/api/v1//',
                    '/none',
                    '/.well-known/x',
                ]),
        ],
    ]);
}

type Option = readonly [string, readonly string[]];

const common: readonly Option[] = [
    ['pretty', ['true', 'x', '']],
    ['color', ['blue']],
    ['__proto__', ['x']],
];
const writing: readonly Option[] = [
    ['dryRun', ['All', 'All', 'All', 'None', '', 'All&dryRun=None']],
    ['fieldManager', ['gen', 'other', '', 'x'.repeat(129), '%00', 'ä']],
    ['fieldValidation', ['Strict', 'Warn', 'Ignore', 'none', '']],
    ['force', ['true', 'false', 'x']],
];
const reading: readonly Option[] = [
    ['resourceVersion', ['0', '@current@', '1', '-1', 'x', '99999999999999999999999', '']],
    ['resourceVersionMatch', ['Exact', 'NotOlderThan', 'none', '']],
    ['limit', ['1', '0', '-1', 'x', '9223372036854775808', '1e3']],
    [
        'continue',
        ['x', '', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0', 'e30', 'bnVsbA', 'W10'],
    ],
    [
        'labelSelector',
        [
            'app%3Dgen',
            'app',
            '!app',
            'app%20in%20(a,b)',
            'a%3D%3D%3D',
            'app%20in',
            ',',
            '%00',
            'a'.repeat(400),
            '(((',
        ],
    ],
    [
        'fieldSelector',
        [
            'metadata.name%3Dgen-a',
            'metadata.name!%3Dgen-a',
            'spec.none%3Da',
            'a',
            '%3D',
            'metadata.name%3D%5C',
            ',',
        ],
    ],
    ['timeoutSeconds', ['1', '0', '-1', 'x']],
    ['watch', ['true', '1', 'x', '']],
    ['allowWatchBookmarks', ['true', 'x']],
    ['sendInitialEvents', ['true', 'false', 'x']],
    ['includeObject', ['None', 'Metadata', 'Object', 'x']],
];
const deleting: readonly Option[] = [
    ['propagationPolicy', ['Background', 'Orphan', 'Foreground', 'none', '']],
    ['gracePeriodSeconds', ['0', '1', '-1', 'x', '99999999999999999999']],
    ['orphanDependents', ['true', 'false', 'x']],
    ['dryRun', ['All', 'x']],
    ['ignoreStoreReadErrorWithClusterBreakingPotential', ['true', 'false', 'x']],
];

/** "?a=b&c=d", or nothing. */
export function queryOf(draw: Draw, method: string): string {
    const own =
        method === 'DELETE'
            ? [...deleting, ...reading]
            : method === 'GET' || method === 'HEAD'
              ? reading
              : writing;
    if (!draw.chance(method === 'GET' ? 80 : 40)) return '';
    const most = method === 'GET' ? 4 : 2;
    const pairs = draw.some(most, () => {
        const [name, values] = draw.pick(draw.chance(8) ? [...common, ...reading, ...deleting] : own);
        return `${name}=${draw.pick(values)}`;
    });
    if (draw.chance(3)) pairs.push(draw.pick(['&&', '=', '%zz', 'a;b', '%00=1', `x=${'y'.repeat(5000)}`]));
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const accepts = [
    'application/json',
    '*/*',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/cbor',
    'application/json;as=Table;v=v1;g=meta.k8s.io',
    'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
    'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json',
    'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
    'application/json;as=None;v=v1;g=meta.k8s.io',
    'application/json;stream=watch',
    'text/html',
    'application/json;q=0',
    ',',
    'x',
    'application/json;as=Table',
    'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
    'application/json;profile=nopeer',
];

/** Headers besides Content-Type. */
export function headersOf(draw: Draw): Record<string, string> {
    const headers: Record<string, string> = {};
    if (draw.chance(20)) headers['accept'] = draw.pick(accepts);
    if (draw.chance(8))
        headers['accept-encoding'] = draw.pick(['gzip', 'deflate', 'identity', '*', 'x', 'gzip;q=0']);
    if (draw.chance(3))
        headers['impersonate-user'] = draw.pick(['jane', '', 'system:serviceaccount:a:b', 'x'.repeat(3000)]);
    if (draw.chance(2))
        headers[
            draw.pick([
                'impersonate-group',
                'impersonate-uid',
                'impersonate-extra-a',
                'impersonate-extra-%zz',
            ])
        ] = draw.pick(['a', '', 'system:masters']);
    if (draw.chance(4))
        headers[
            draw.pick([
                'if-match',
                'if-none-match',
                'if-modified-since',
                'range',
                'x-http-method-override',
                'content-encoding',
                'user-agent',
                'traceparent',
                'origin',
            ])
        ] = draw.pick(['"a"', '*', '', 'gzip', 'bytes=0-1', 'DELETE', 'x'.repeat(200)]);
    return headers;
}
