import { examples } from './objects.ts';
import { badRequest, invalid, type Refusal, type WrongRequest } from './wrong-request.ts';

const maps = examples.ConfigMap.collection;
const merge = { 'content-type': 'application/merge-patch+json' };

/** [query, field errors] */
const rows: [string, ...string[]][] = [
    ['dryRun=Some', 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
    ['dryRun=true', 'dryRun: Unsupported value: ["true"]: supported values: "All"'],
    ['dryRun=All&dryRun=Some', 'dryRun: Unsupported value: ["All","Some"]: supported values: "All"'],
    ['dryRun=', 'dryRun: Unsupported value: [""]: supported values: "All"'],
    [
        'fieldValidation=strict',
        'fieldValidation: Unsupported value: "strict": supported values: "", "Ignore", "Strict", "Warn"',
    ],
    [
        'fieldManager=a%07b',
        'fieldManager: Invalid value: "a\\u0007b": invalid character U+0007 (at position 1)',
    ],
    [`fieldManager=${'x'.repeat(129)}`, 'fieldManager: Too long: may not be more than 128 bytes'],
    [
        'fieldManager=%0a&dryRun=no&fieldValidation=no',
        'fieldManager: Invalid value: "\\n": invalid character U+000A (at position 0)',
        'dryRun: Unsupported value: ["no"]: supported values: "All"',
        'fieldValidation: Unsupported value: "no": supported values: "", "Ignore", "Strict", "Warn"',
    ],
];

const requests: [string, string, string, object, Record<string, string>][] = [
    ['CreateOptions', 'POST', maps, { metadata: { name: 'wrong' } }, {}],
    ['UpdateOptions', 'PUT', `${maps}/right`, examples.ConfigMap.object, {}],
    ['PatchOptions', 'PATCH', `${maps}/right`, { data: { a: 'b' } }, merge],
];

const deletion = (query: string, expect: Refusal): WrongRequest => ({
    name: `DELETE ?${query}`,
    method: 'DELETE',
    path: `${maps}/right?${query}`,
    expect,
});

export function writeOptions(): WrongRequest[] {
    return [
        ...requests.flatMap(([kind, method, path, body, headers]) =>
            rows.map(([query, ...errors]) => ({
                name: `${method} ?${query.slice(0, 40)}`,
                method,
                path: `${path}?${query}`,
                headers,
                body,
                expect: invalid(`${kind}.meta.k8s.io`, '', ...errors),
            })),
        ),
        {
            name: 'force for a patch that is no apply',
            method: 'PATCH',
            path: `${maps}/right?force=true`,
            headers: merge,
            body: { data: { a: 'b' } },
            expect: invalid(
                'PatchOptions.meta.k8s.io',
                '',
                'force: Forbidden: may not be specified for non-apply patch',
            ),
        },
        deletion(
            'dryRun=Some',
            invalid(
                'DeleteOptions.meta.k8s.io',
                '',
                'dryRun: Unsupported value: ["Some"]: supported values: "All"',
            ),
        ),
        deletion(
            'propagationPolicy=Sideways',
            invalid(
                'DeleteOptions.meta.k8s.io',
                '',
                'propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
            ),
        ),
        deletion('gracePeriodSeconds=soon', badRequest('strconv.ParseInt: parsing "soon": invalid syntax')),
        deletion(
            'gracePeriodSeconds=99999999999999999999',
            badRequest('strconv.ParseInt: parsing "99999999999999999999": value out of range'),
        ),
        deletion(
            'orphanDependents=true&propagationPolicy=Orphan',
            invalid(
                'DeleteOptions.meta.k8s.io',
                '',
                'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
            ),
        ),
        {
            name: 'a timeout that is none',
            method: 'POST',
            path: `${maps}?timeout=soon`,
            body: { metadata: { name: 'wrong' } },
            expect: badRequest(
                /^invalid timeout specified in the request URL - time: invalid duration "soon"$/,
            ),
        },
    ];
}
