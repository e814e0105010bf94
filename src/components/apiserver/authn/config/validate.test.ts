import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../../api/cel/compiler.ts';
import { formatFieldError } from '../../../../api/meta/field-error.ts';
import { decodeAuthenticationConfiguration } from './decode.ts';
import { validateAuthenticationConfiguration } from './validate.ts';

const compiler = createCelCompiler();
const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
const issuer = { url: 'https://idp.example', audiences: ['cluster'] };
const claimMappings = { username: { claim: 'sub', prefix: '' } };
const jwt = (more: object = {}): object => ({ issuer, claimMappings, ...more });

async function problemsOf(configuration: object): Promise<string[]> {
    const decoded = await decodeAuthenticationConfiguration(JSON.stringify({ ...head, ...configuration }));
    const errors = await validateAuthenticationConfiguration(decoded, {
        loadCompiler: () => Promise.resolve(compiler),
        disallowedIssuers: ['https://kubernetes.default.svc'],
    });
    return errors.map(formatFieldError);
}
const ofIssuer = async (more: object): Promise<string[]> =>
    await problemsOf({ jwt: [jwt({ issuer: { ...issuer, ...more } })] });
const ofMappings = async (more: object): Promise<string[]> =>
    await problemsOf({ jwt: [jwt({ claimMappings: { ...claimMappings, ...more } })] });
const ofRules = async (...claimValidationRules: object[]): Promise<string[]> =>
    await problemsOf({ jwt: [jwt({ claimValidationRules })] });

describe('an AuthenticationConfiguration', () => {
    it('may be empty, and may say all there is to say', async () => {
        expect(await problemsOf({})).toEqual([]);
        const full = jwt({
            issuer: {
                ...issuer,
                discoveryURL: 'https://idp.svc/.well-known/openid-configuration',
                audiences: ['a', 'b'],
                audienceMatchPolicy: 'MatchAny',
            },
            claimValidationRules: [
                { claim: 'hd', requiredValue: 'example.com' },
                { expression: 'claims.email_verified == true', message: 'verify it' },
            ],
            claimMappings: {
                username: { expression: '"idp:" + claims.email' },
                groups: { expression: 'claims.roles.split(",")' },
                uid: { claim: 'oid' },
                extra: [{ key: 'example.com/tenant', valueExpression: 'claims.tenant' }],
            },
            userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'no' }],
        });
        expect(await problemsOf({ jwt: [full], anonymous: { enabled: true } })).toEqual([]);
        expect(await problemsOf({ ...head, apiVersion: 'apiserver.config.k8s.io/v1beta1' })).toEqual([]);
    });

    it.each([
        ['an unknown field', { jwt: [jwt({ foo: 1 })] }, 'strict decoding error: unknown field "jwt[0].foo"'],
        ['another kind', { kind: 'Other' }, 'no kind "Other" is registered'],
        ['another version', { apiVersion: 'v1' }, 'is registered for version "v1"'],
        ['another type', { jwt: [jwt({ issuer: { url: 1 } })] }, 'jwt[0].issuer.url: expected a string'],
    ])('is not read with %s', async (_case, configuration, message) => {
        await expect(problemsOf(configuration)).rejects.toThrow(message);
    });

    it('is not read where it is nothing, or no YAML', async () => {
        await expect(decodeAuthenticationConfiguration('')).rejects.toThrow('empty config data');
        await expect(decodeAuthenticationConfiguration('{]')).rejects.toThrow('yaml');
    });

    it.each<[object, string]>([
        [{ url: '' }, 'url: Required value'],
        [{ url: 'http://a' }, 'url: Invalid value: "http://a": URL scheme must be https'],
        [{ url: 'https://u:p@a' }, 'URL must not contain a username or password'],
        [{ url: 'https://a?b=c' }, 'URL must not contain a query'],
        [{ url: 'https://a#b' }, 'URL must not contain a fragment'],
        [{ url: 'https://[' }, 'parse "https://["'],
        [
            { url: 'https://kubernetes.default.svc' },
            'URL must not overlap with disallowed issuers: [https://kubernetes.default.svc]',
        ],
        [{ discoveryURL: 'https://idp.example/' }, 'discoveryURL must be different from URL'],
        [{ discoveryURL: 'http://b' }, 'discoveryURL: Invalid value: "http://b": URL scheme must be https'],
        [{ audiences: [] }, 'Required value: at least one jwt[0].issuer.audiences is required'],
        [{ audiences: [''] }, 'audiences[0]: Required value'],
        [{ audiences: ['a', 'a'], audienceMatchPolicy: 'MatchAny' }, 'audiences[1]: Duplicate value: "a"'],
        [{ audiences: ['a', 'b'] }, 'audienceMatchPolicy must be MatchAny for multiple audiences'],
        [{ audienceMatchPolicy: 'All' }, 'audienceMatchPolicy must be empty or MatchAny for single audience'],
        [
            { certificateAuthority: 'x' },
            'certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
        ],
        [{ egressSelectorType: 'cluster' }, 'egressSelectorType: Invalid value: "cluster"'],
    ])('has no issuer with %j', async (more, message) => {
        expect(await ofIssuer(more)).toEqual([expect.stringContaining(message)]);
    });

    it('has every issuer once', async () => {
        const discoveryURL = 'https://elsewhere/config';
        const again = jwt({ issuer: { ...issuer, discoveryURL } });
        expect(await problemsOf({ jwt: [again, again] })).toEqual([
            'jwt[1].issuer.url: Duplicate value: "https://idp.example"',
            'jwt[1].issuer.discoveryURL: Duplicate value: "https://elsewhere/config"',
        ]);
        const many = Array.from({ length: 65 }, (_, i) =>
            jwt({ issuer: { ...issuer, url: `https://${i}` } }),
        );
        expect(await problemsOf({ jwt: many })).toEqual(['jwt: Too many: 65: must have at most 64 items']);
    });

    it.each<[object[], string]>([
        [[{}], '[0]: Required value: claim or expression is required'],
        [[{ claim: 'a', expression: 'true' }], "claim and expression can't both be set"],
        [[{ claim: 'a', message: 'm' }], '[0].message: Invalid value: "m": may not be specified when claim'],
        [[{ claim: 'a' }, { claim: 'a' }], '[1].claim: Duplicate value: "a"'],
        [[{ expression: 'true', requiredValue: 'x' }], '[0].requiredValue: Invalid value: "x": may not be'],
        [[{ expression: 'true' }, { expression: 'true' }], '[1].expression: Duplicate value: "true"'],
        [[{ expression: 'claims.a' }], '[0].expression: Invalid value: "claims.a": must evaluate to bool'],
        [[{ expression: 'other' }], 'compilation failed: ERROR'],
        [[{ expression: 'user.username == ""' }], 'compilation failed: ERROR'],
    ])('has no rules for claims such as %j', async (rules, message) => {
        expect(await ofRules(...rules)).toEqual([expect.stringContaining(message)]);
    });

    it.each<[object, string]>([
        [{ username: {} }, 'username: Required value: claim or expression is required'],
        [{ username: { claim: 'sub' } }, 'username.prefix: Required value: prefix is required when claim'],
        [{ username: { claim: 'a', expression: 'b' } }, "claim and expression can't both be set"],
        [
            { groups: { expression: 'claims.g', prefix: 'x' } },
            'groups.prefix: Invalid value: "x": may not be',
        ],
        [{ groups: { claim: 'g' } }, 'groups.prefix: Required value'],
        [{ uid: { claim: 'a', expression: 'b' } }, 'uid: Invalid value: "": claim and expression'],
        [{ uid: { expression: '(' } }, 'uid.expression: Invalid value: "(": compilation failed'],
        [
            { extra: [{ key: 'a', valueExpression: '""' }] },
            'extra[0].key: Invalid value: "a": must be a domain-',
        ],
        [{ extra: [{ key: '', valueExpression: '""' }] }, 'extra[0].key: Required value'],
        [{ extra: [{ key: 'a.io/B', valueExpression: '""' }] }, 'must be lowercase'],
        [{ extra: [{ key: 'x.k8s.io/b', valueExpression: '""' }] }, 'are reserved for Kubernetes use'],
        [{ extra: [{ key: 'kubernetes.io/b', valueExpression: '""' }] }, 'are reserved for Kubernetes use'],
        [{ extra: [{ key: 'a.io/b' }] }, 'extra[0].valueExpression: Required value'],
        [
            {
                extra: [
                    { key: 'a.io/b', valueExpression: '""' },
                    { key: 'a.io/b', valueExpression: '""' },
                ],
            },
            'extra[1].key: Duplicate value: "a.io/b"',
        ],
    ])('has no mappings such as %j', async (more, message) => {
        expect(await ofMappings(more)).toEqual([expect.stringContaining(message)]);
    });

    it.each([
        ['claims.email', false],
        ['has(claims.email) ? claims.email : claims.sub', false],
        ['claims.?email.orValue("none")', false],
        ['[claims].map(x, x.email)[0]', true],
        ['claims["email"]', true],
        ['claims.email_verified ? claims.email : claims.sub', true],
    ])('takes a name from %j only where the address is verified (%s)', async (expression, isGood) => {
        const problems = await ofMappings({ username: { expression } });
        expect(problems).toEqual(
            isGood ? [] : [expect.stringContaining('claims.email_verified must be used in claimMappings')],
        );
        const verified = { expression: 'claims.?email_verified.orValue(false) == true' };
        const mappings = { username: { expression } };
        expect(
            await problemsOf({ jwt: [jwt({ claimMappings: mappings, claimValidationRules: [verified] })] }),
        ).toEqual([]);
    });

    it('has rules for users that are about users', async () => {
        const rules = [
            {},
            { expression: 'true' },
            { expression: 'true' },
            { expression: 'claims.sub == ""' },
            { expression: 'user.username' },
        ];
        expect(await problemsOf({ jwt: [jwt({ userValidationRules: rules })] })).toEqual([
            'jwt[0].userValidationRules[0].expression: Required value',
            'jwt[0].userValidationRules[2].expression: Duplicate value: "true"',
            expect.stringContaining('compilation failed: ERROR'),
            expect.stringContaining('must evaluate to bool'),
        ]);
    });

    it('has no conditions for anonymous requests that are not allowed', async () => {
        expect(await problemsOf({ anonymous: { conditions: [{ path: '/livez' }] } })).toEqual([
            'anonymous.conditions: Invalid value: [{"path":"/livez"}]: enabled should be set to true when conditions are defined',
        ]);
    });
});
