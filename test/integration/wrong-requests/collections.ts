import { examples, namespace } from './objects.ts';
import { badRequest, invalid, type Refusal, type WrongRequest } from './wrong-request.ts';

const { ConfigMap, Pod, Deployment } = examples;
const maps = ConfigMap.collection;
const encode = (token: object) => Buffer.from(JSON.stringify(token)).toString('base64url');
const list = (name: string, query: string, expect: Refusal, path: string = maps): WrongRequest => ({
    name: `${name} (${query.slice(0, 50)})`,
    method: 'GET',
    path: `${path}?${query}`,
    expect,
});
const options = (...errors: string[]) => invalid('ListOptions.meta.k8s.io', '', ...errors);

/** [selector, what is said] */
const labelSelectors: [string, string][] = [
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    [
        'a in ()',
        "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    ],
    [',', "found ',', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    [
        'a>b',
        `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
];

const selectors = (): WrongRequest[] => [
    ...labelSelectors.map(([selector, message]) =>
        list(
            `label selector ${selector}`,
            `labelSelector=${encodeURIComponent(selector)}`,
            badRequest(message),
        ),
    ),
    list(
        'a label that is none',
        `labelSelector=${encodeURIComponent('a b/c=d')}`,
        badRequest(/^unable to parse requirement: /),
    ),
    list(
        'a key with a bad prefix',
        `labelSelector=${encodeURIComponent('A_B/c=d')}`,
        badRequest(
            /^unable to parse requirement: (?:<nil>|key): Invalid value: "A_B\/c": prefix part a lowercase RFC 1123 subdomain/,
        ),
    ),
    list(
        'a label value that is too long',
        `labelSelector=a%3D${'x'.repeat(64)}`,
        badRequest(/must be no more than 63 characters/),
    ),
    list(
        'a field selector without operator',
        'fieldSelector=metadata.name',
        badRequest("invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
    ),
    list(
        'an unknown field',
        'fieldSelector=spec.color%3Dred',
        badRequest('"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"'),
    ),
    list(
        'a field that pods do not select by',
        'fieldSelector=spec.color%3Dred',
        badRequest('field label not supported: spec.color'),
        Pod.collection,
    ),
    list(
        'an unknown field of deployments',
        'fieldSelector=status.x%3D1',
        badRequest('"status.x" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        Deployment.collection,
    ),
    list(
        'a bad escape',
        `fieldSelector=${encodeURIComponent('metadata.name=a\\b')}`,
        badRequest(/invalid field selector: invalid escape sequence: \\b/),
    ),
    list(
        'a selector that ends in a backslash',
        `fieldSelector=${encodeURIComponent('metadata.name=a\\')}`,
        badRequest(/invalid field selector: /),
    ),
    list(
        'two equals signs apart',
        `fieldSelector=${encodeURIComponent('metadata.name=a=b')}`,
        badRequest(/invalid field selector: unescaped character in value: =/),
    ),
    {
        name: 'a deletion by an unknown field',
        method: 'DELETE',
        path: `${maps}?fieldSelector=spec.color%3Dred`,
        expect: badRequest(
            '"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    },
    {
        name: 'a deletion by a selector that is none',
        method: 'DELETE',
        path: `${maps}?labelSelector=a%20b`,
        expect: badRequest(/^unable to parse requirement/),
    },
];

const revisions = (): WrongRequest[] => [
    list(
        'a match without revision',
        'resourceVersionMatch=Exact',
        options(
            'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
    ),
    list(
        'an unknown match',
        'resourceVersion=1&resourceVersionMatch=Newest',
        options(
            'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
        ),
    ),
    list(
        'exactly whatever',
        'resourceVersion=0&resourceVersionMatch=Exact',
        options(
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
    ),
    list(
        'a match of a page',
        'resourceVersion=1&resourceVersionMatch=Exact&continue=x',
        options(
            'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
        ),
    ),
    list(
        'initial events of a list',
        'sendInitialEvents=true',
        options('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'),
    ),
    ...['abc', '-1', '1.5', '0x1', '%20', '99999999999999999999'].map((text) =>
        list('a revision that is none', `resourceVersion=${text}`, {
            code: 422,
            reason: 'Invalid',
            message:
                /resourceVersion: Invalid value: ".*": strconv\.ParseUint: parsing ".*": (?:invalid syntax|value out of range)$/,
        }),
    ),
    list('a revision of the future', 'resourceVersion=999999999', {
        code: 504,
        reason: 'Timeout',
        message: /^Timeout: Too large resource version: 999999999, current: \d+$/,
        causes: ['ResourceVersionTooLarge '],
        headers: { 'retry-after': '1' },
    }),
    list('an exact revision of the future', 'resourceVersion=999999999&resourceVersionMatch=Exact', {
        code: 504,
        reason: 'Timeout',
        message: /Too large resource version: 999999999/,
    }),
];

const pages = (): WrongRequest[] => [
    list(
        'a token that is no token',
        'limit=1&continue=hello',
        badRequest(/^invalid continue token: continue key is not valid/),
    ),
    list(
        'a token that is no base64',
        'limit=1&continue=%25%25',
        badRequest(/^invalid continue token: continue key is not valid/),
    ),
    list(
        'a token without a version',
        `continue=${encode({ rv: 5, start: 'a' })}`,
        badRequest(
            /^invalid continue token: continue key is not valid: server does not recognize this encoded version/,
        ),
    ),
    list(
        'a token of another version',
        `continue=${encode({ v: 'v9', rv: 5, start: 'a' })}`,
        badRequest(
            /^invalid continue token: continue key is not valid: server does not recognize this encoded version .*v9/,
        ),
    ),
    list(
        'a token without a revision',
        `continue=${encode({ v: 'meta.k8s.io/v1', start: 'a' })}`,
        badRequest(
            'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
        ),
    ),
    list(
        'a token without a key',
        `continue=${encode({ v: 'meta.k8s.io/v1', rv: 5 })}`,
        badRequest(
            'invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)',
        ),
    ),
    list(
        'a token that leads out',
        `continue=${encode({ v: 'meta.k8s.io/v1', rv: 5, start: '../../secrets/' })}`,
        badRequest(/^invalid continue token: continue key is not valid/),
    ),
    list(
        'a token of another namespace',
        `continue=${encode({ v: 'meta.k8s.io/v1', rv: 5, start: 'other/a\0' })}`,
        badRequest(/^invalid continue token: continue key is not valid/),
    ),
    list(
        'a token and a revision',
        `resourceVersion=5&continue=${encode({ v: 'meta.k8s.io/v1', rv: 5, start: `${namespace}/a\0` })}`,
        badRequest('specifying resource version is not allowed when using continue'),
    ),
    ...[
        ['limit=abc', 'strconv.ParseInt: parsing "abc": invalid syntax'],
        ['limit=1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
        ['limit=9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
        ['limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
        ['timeoutSeconds=soon&watch=1', 'strconv.ParseInt: parsing "soon": invalid syntax'],
    ].map(([query, message]) => list('a number that is none', query!, badRequest(message!))),
];

const watches = (): WrongRequest[] => [
    list(
        'initial events without match',
        'watch=1&sendInitialEvents=true',
        options(
            'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
    ),
    list(
        'a match without initial events',
        'watch=1&resourceVersionMatch=NotOlderThan',
        options(
            'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
    ),
    list(
        'an exact match',
        'watch=1&sendInitialEvents=true&resourceVersionMatch=Exact',
        options(
            'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
            'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
        ),
    ),
    list('a watch from a revision that is none', 'watch=1&resourceVersion=abc', {
        code: 422,
        reason: 'Invalid',
        message: /resourceVersion: Invalid value: "abc"/,
    }),
    list(
        'a watch by an unknown field',
        'watch=1&fieldSelector=a%3Db',
        badRequest(/is not a known field selector/),
    ),
    list(
        'a watch by a selector that is none',
        'watch=1&labelSelector=%3D%3D',
        badRequest(/^found '==', expected/),
    ),
];

export function collections(): WrongRequest[] {
    return [...selectors(), ...revisions(), ...pages(), ...watches()];
}
