/** Specs of Gateway API objects, each breaking rules of the definitions in exactly the fields that it names. */
export interface BrokenSpec {
    what: string;
    kind: 'Gateway' | 'HTTPRoute' | 'GRPCRoute';
    spec: object;
    /** Fields that the server complains about, sorted. */
    fields: readonly string[];
}

type Filter = Readonly<Record<string, unknown>>;

export const listener = { name: 'web', port: 80, protocol: 'HTTP' };
const gateway = (...listeners: object[]) => ({ gatewayClassName: 'small', listeners });
export const soundGateway = gateway(listener);

const prefix = { type: 'PathPrefix', value: '/' };
const backend = { name: 'web', port: 80 };
export const soundHttpRoute = { parentRefs: [{ name: 'front' }], rules: [{ backendRefs: [backend] }] };
export const soundGrpcRoute = {
    parentRefs: [{ name: 'front' }],
    rules: [{ matches: [{ method: { service: 'shop.Cart', method: 'Add' } }], backendRefs: [backend] }],
};

function gatewaySpecs(): BrokenSpec[] {
    const of = (what: string, spec: object, ...fields: string[]): BrokenSpec => ({
        ...{ what, kind: 'Gateway', fields: fields.sort() },
        spec: { ...soundGateway, ...spec },
    });
    const withListeners = (what: string, ...listeners: object[]): BrokenSpec =>
        of(what, { listeners: listeners.map((one) => ({ ...listener, ...one })) }, 'spec.listeners');
    const twice = { ...listener, port: 81 };
    const certificate = { certificateRefs: [{ name: 'cert' }] };
    const labels = (key: string) => ({ [key]: 'x' });
    const long = `${'a'.repeat(254)}/b`;
    const perPort = (port: number) => ({ port, tls: {} });
    return [
        of(
            'the same address twice',
            { addresses: [{ value: '10.0.0.1' }, { value: '10.0.0.1' }] },
            'spec.addresses',
        ),
        of(
            'the same host name twice',
            {
                addresses: [
                    { type: 'Hostname', value: 'a.example' },
                    { type: 'Hostname', value: 'a.example' },
                ],
            },
            'spec.addresses',
        ),
        of('no host name', { addresses: [{ type: 'Hostname', value: 'no_name' }] }, 'spec.addresses[0]'),
        of(
            'no annotation key',
            { infrastructure: { annotations: labels('-x') } },
            'spec.infrastructure.annotations',
        ),
        of('no label key', { infrastructure: { labels: labels('-x') } }, 'spec.infrastructure.labels'),
        of(
            'an annotation key with a long prefix',
            { infrastructure: { annotations: labels(long) } },
            'spec.infrastructure.annotations',
        ),
        of(
            'a label key with a long prefix',
            { infrastructure: { labels: labels(long) } },
            'spec.infrastructure.labels',
        ),
        withListeners('TLS for HTTP', { tls: certificate }),
        withListeners('passing TLS through for HTTPS', {
            protocol: 'HTTPS',
            tls: { mode: 'Passthrough' },
        }),
        withListeners('TLS without its settings', { protocol: 'TLS' }),
        withListeners('a host name for TCP', { protocol: 'TCP', hostname: 'a.example' }),
        of(
            'the same listener name twice',
            { listeners: [listener, twice] },
            ...['spec.listeners', 'spec.listeners[1]'],
        ),
        withListeners('the same port twice', {}, { name: 'other' }),
        of(
            'termination without a certificate',
            { listeners: [{ ...listener, protocol: 'HTTPS', tls: { mode: 'Terminate' } }] },
            'spec.listeners[0].tls',
        ),
        of(
            'settings of the same port twice',
            { tls: { frontend: { default: {}, perPort: [perPort(443), perPort(443)] } } },
            ...['spec.tls.frontend.perPort', 'spec.tls.frontend.perPort[1]'],
        ),
    ];
}

const header = { add: [{ name: 'x', value: 'y' }] };
const mirror = { backendRef: backend };
const extension = { group: 'example.com', kind: 'Filter', name: 'mine' };

/** What is wrong with filters alone: which fields below the list of filters are complained about. */
interface BrokenFilters {
    what: string;
    filters: Filter[];
    below: readonly string[];
}

function commonFilters(settings: Readonly<Record<string, readonly [string, object]>>): BrokenFilters[] {
    const types = Object.entries(settings);
    return [
        ...types.flatMap(([type, [field, value]], index): BrokenFilters[] => {
            const [other, [otherField, otherValue]] = types[(index + 1) % types.length]!;
            return [
                { what: `${type} without settings`, filters: [{ type }], below: ['[0]'] },
                {
                    what: `settings of ${type} for ${other}`,
                    filters: [{ type: other, [otherField]: otherValue, [field]: value }],
                    below: ['[0]'],
                },
            ];
        }),
        ...types
            .filter(([type]) => type !== 'RequestMirror' && type !== 'ExtensionRef')
            .map(([type, [field, value]]): BrokenFilters => ({
                what: `${type} twice`,
                filters: [
                    { type, [field]: value },
                    { type, [field]: value },
                ],
                below: [''],
            })),
        {
            what: 'a mirror of a Service without a port',
            filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'web' } } }],
            below: ['[0].requestMirror.backendRef'],
        },
        {
            what: 'a mirror of per cent and a fraction',
            filters: [
                {
                    type: 'RequestMirror',
                    requestMirror: { ...mirror, percent: 5, fraction: { numerator: 1, denominator: 2 } },
                },
            ],
            below: ['[0].requestMirror'],
        },
        {
            what: 'a mirror of more than all',
            filters: [
                {
                    type: 'RequestMirror',
                    requestMirror: { ...mirror, fraction: { numerator: 3, denominator: 2 } },
                },
            ],
            below: ['[0].requestMirror.fraction'],
        },
    ];
}

const grpcSettings = {
    RequestHeaderModifier: ['requestHeaderModifier', header],
    ResponseHeaderModifier: ['responseHeaderModifier', header],
    RequestMirror: ['requestMirror', mirror],
    ExtensionRef: ['extensionRef', extension],
} as const;
const httpSettings = {
    ...grpcSettings,
    RequestRedirect: ['requestRedirect', { hostname: 'b.example' }],
    URLRewrite: ['urlRewrite', { hostname: 'b.example' }],
    CORS: ['cors', { allowMethods: ['GET'] }],
} as const;

function pathFilters(): BrokenFilters[] {
    const cases = (type: string, field: string): BrokenFilters[] => {
        const path = (what: string, value: object): BrokenFilters => ({
            what: `${type} ${what}`,
            filters: [{ type, [field]: { path: value } }],
            below: [`[0].${field}.path`],
        });
        return [
            path('of a full path without one', { type: 'ReplaceFullPath' }),
            path('of a prefix without one', { type: 'ReplacePrefixMatch' }),
            path('of a prefix with a full path too', {
                type: 'ReplacePrefixMatch',
                replacePrefixMatch: '/',
                replaceFullPath: '/',
            }),
            path('of a full path with a prefix too', {
                type: 'ReplaceFullPath',
                replacePrefixMatch: '/',
                replaceFullPath: '/',
            }),
        ];
    };
    return [...cases('RequestRedirect', 'requestRedirect'), ...cases('URLRewrite', 'urlRewrite')];
}

function corsFilters(): BrokenFilters[] {
    const cors = (field: string, other: string): BrokenFilters => ({
        what: `${field} of all and one`,
        filters: [{ type: 'CORS', cors: { [field]: ['*', other] } }],
        below: [`[0].cors.${field}`],
    });
    return [
        cors('allowHeaders', 'x'),
        cors('allowMethods', 'GET'),
        cors('allowOrigins', 'https://a.example'),
    ];
}

/** The same filters for the rule and for one of its backends. */
function inBothPlaces(kind: 'HTTPRoute' | 'GRPCRoute', broken: readonly BrokenFilters[]): BrokenSpec[] {
    const sound = kind === 'HTTPRoute' ? soundHttpRoute : soundGrpcRoute;
    return broken.flatMap(({ what, filters, below }) => {
        const isRedirect = filters.some(({ requestRedirect }) => requestRedirect !== undefined);
        const rule = { filters, ...(isRedirect ? {} : { backendRefs: [backend] }) };
        const places = [
            { place: 'spec.rules[0].filters', rule },
            {
                place: 'spec.rules[0].backendRefs[0].filters',
                rule: { backendRefs: [{ ...backend, filters }] },
            },
        ];
        return places.map(({ place, rule }) => ({
            what: `${what} (${place})`,
            kind,
            spec: { ...sound, rules: [rule] },
            fields: below.map((end) => place + end),
        }));
    });
}

function routeSpecs(kind: 'HTTPRoute' | 'GRPCRoute'): BrokenSpec[] {
    const sound = kind === 'HTTPRoute' ? soundHttpRoute : soundGrpcRoute;
    const of = (what: string, spec: object, ...fields: string[]): BrokenSpec => ({
        ...{ what, kind, fields },
        spec: { ...sound, ...spec },
    });
    const match = kind === 'HTTPRoute' ? { path: prefix } : { method: { service: 'a.b' } };
    const matches = Array.from({ length: 64 }, () => match);
    return [
        of(
            'the same parent with and without a section',
            { parentRefs: [{ name: 'front' }, { name: 'front', sectionName: 'web' }] },
            'spec.parentRefs',
        ),
        of(
            'the same section twice',
            {
                parentRefs: [
                    { name: 'front', sectionName: 'web', namespace: 'a' },
                    { name: 'front', sectionName: 'web', namespace: 'a' },
                ],
            },
            'spec.parentRefs',
        ),
        of('too many matches', { rules: [{ matches }, { matches }, { matches: [match] }] }, 'spec.rules'),
        of(
            'a backend without a port',
            { rules: [{ backendRefs: [{ name: 'web' }] }] },
            'spec.rules[0].backendRefs[0]',
        ),
    ];
}

function httpRules(): BrokenSpec[] {
    const of = (what: string, rule: object, ...fields: string[]): BrokenSpec => ({
        ...{ what, kind: 'HTTPRoute', fields },
        spec: { ...soundHttpRoute, rules: [rule] },
    });
    const replace = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } };
    const redirect = { type: 'RequestRedirect', requestRedirect: replace };
    const rewrite = { type: 'URLRewrite', urlRewrite: replace };
    const exact = [{ path: { type: 'Exact', value: '/a' } }];
    const at = 'spec.rules[0].matches[0].path';
    const path = (value: string, ...fields: string[]): BrokenSpec =>
        of(`path ${value}`, { matches: [{ path: { type: 'Exact', value } }] }, at, ...fields);
    const both = [
        { type: 'RequestRedirect', requestRedirect: { hostname: 'b.example' } },
        { type: 'URLRewrite', urlRewrite: { hostname: 'b.example' } },
    ];
    return [
        of(
            'a redirect beside a backend',
            {
                filters: [{ type: 'RequestRedirect', requestRedirect: { port: 80 } }],
                backendRefs: [backend],
            },
            'spec.rules[0]',
        ),
        of(
            'a redirect of a prefix for an exact path',
            { matches: exact, filters: [redirect] },
            'spec.rules[0]',
        ),
        of(
            'a rewrite of a prefix for an exact path',
            { matches: exact, filters: [rewrite] },
            'spec.rules[0]',
        ),
        of(
            "a backend's redirect of a prefix for an exact path",
            { matches: exact, backendRefs: [{ ...backend, filters: [redirect] }] },
            'spec.rules[0]',
        ),
        of(
            "a backend's rewrite of a prefix for an exact path",
            { matches: exact, backendRefs: [{ ...backend, filters: [rewrite] }] },
            'spec.rules[0]',
        ),
        of('a redirect and a rewrite', { filters: both }, 'spec.rules[0].filters'),
        of(
            "a backend's redirect and rewrite",
            { backendRefs: [{ ...backend, filters: both }] },
            'spec.rules[0].backendRefs[0].filters',
        ),
        ...['a', '/a//b', '/a/./b', '/a/../b', '/a%2fb', '/a%2Fb', '/a/..', '/a/.', '/a b'].map((value) =>
            path(value),
        ),
        // Forbidden by a rule of its own, and no valid character either.
        path('/a#b', at),
        of(
            'a request that is shorter than its backend request',
            { timeouts: { request: '1s', backendRequest: '2s' } },
            'spec.rules[0].timeouts',
        ),
    ];
}

function grpcRules(): BrokenSpec[] {
    const method = (what: string, value: object): BrokenSpec => ({
        ...{ what, kind: 'GRPCRoute', fields: ['spec.rules[0].matches[0].method'] },
        spec: { ...soundGrpcRoute, rules: [{ matches: [{ method: value }] }] },
    });
    return [
        method('neither service nor method', { type: 'Exact' }),
        method('no service', { service: '1' }),
        method('no method', { method: '1' }),
    ];
}

export const brokenSpecs: readonly BrokenSpec[] = [
    ...gatewaySpecs(),
    ...routeSpecs('HTTPRoute'),
    ...httpRules(),
    ...inBothPlaces('HTTPRoute', [...commonFilters(httpSettings), ...pathFilters(), ...corsFilters()]),
    ...routeSpecs('GRPCRoute'),
    ...grpcRules(),
    ...inBothPlaces('GRPCRoute', commonFilters(grpcSettings)),
];
