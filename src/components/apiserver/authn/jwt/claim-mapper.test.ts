import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../../api/cel/compiler.ts';
import { type ClaimMappings, noMapping } from '../config/configuration.ts';
import { configurationFromFlags, type OidcFlags } from '../config/from-flags.ts';
import { ClaimMapper } from './claim-mapper.ts';

const compiler = createCelCompiler();
const flags: OidcFlags = {
    issuer: 'https://idp',
    clientId: 'cluster',
    usernameClaim: 'sub',
    usernamePrefix: '',
    groupsClaim: '',
    groupsPrefix: '',
    requiredClaims: {},
    ca: '',
};
const byFlags = (more: Partial<OidcFlags>): ClaimMapper =>
    new ClaimMapper(configurationFromFlags({ ...flags, ...more }).jwt[0]!, undefined);
const by = (mappings: Partial<ClaimMappings>, rules: { claims?: string[]; users?: string[] } = {}) => {
    const [base] = configurationFromFlags({ ...flags, usernamePrefix: '-' }).jwt;
    const rule = (expression: string) => ({ claim: '', requiredValue: '', expression, message: 'not so' });
    return new ClaimMapper(
        {
            ...base!,
            claimMappings: { ...base!.claimMappings, ...mappings },
            claimValidationRules: (rules.claims ?? []).map(rule),
            userValidationRules: (rules.users ?? []).map(rule),
        },
        { compiler },
    );
};
const expression = (text: string) => ({ ...noMapping, expression: text });

describe('claims become users', () => {
    it('as flags say', () => {
        expect(byFlags({}).identityOf({ sub: 'joe', jti: 'x' })).toEqual({
            username: 'https://idp#joe',
            uid: '',
            groups: [],
            extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
        });
        expect(byFlags({ usernamePrefix: '-' }).identityOf({ sub: 'joe' }).username).toBe('joe');
        const email = byFlags({ usernameClaim: 'email', groupsClaim: 'g', groupsPrefix: 'o:' });
        expect(email.identityOf({ email: 'a@b', g: ['x', 'y'] })).toMatchObject({
            username: 'a@b',
            groups: ['o:x', 'o:y'],
        });
        expect(email.identityOf({ email: 'a@b', g: 'x', email_verified: true }).groups).toEqual(['o:x']);
    });

    it.each<[Partial<OidcFlags>, object, string]>([
        [{}, {}, 'parse username claims "sub"'],
        [{}, { sub: 7 }, 'parse username claims "sub"'],
        [{}, Object.create({ sub: 'joe' }) as object, 'parse username claims "sub"'],
        [{ usernameClaim: 'email' }, { email: 'a', email_verified: false }, 'email not verified'],
        [{ groupsClaim: 'g' }, { sub: 'a', g: [1] }, 'parse groups claim "g"'],
        [{ requiredClaims: { t: 'x' } }, { sub: 'a' }, 'required claim t not present in ID token'],
        [{ requiredClaims: { t: 'x' } }, { sub: 'a', t: 'y' }, 'required claim t value does not match'],
    ])('but not by flags %j from %j', (more, claims, message) => {
        expect(() => byFlags(more).identityOf(claims as Record<string, unknown>)).toThrow(message);
    });

    it('as expressions say', () => {
        const mapper = by({
            username: expression('claims.given + "." + claims.family'),
            groups: expression('claims.roles.map(r, "idp:" + r) + ["", "all"]'),
            uid: { claim: '', expression: 'string(claims.number)' },
            extra: [
                { key: 'a.io/one', valueExpression: 'claims.tenant' },
                { key: 'a.io/none', valueExpression: '""' },
                { key: 'a.io/null', valueExpression: 'claims.?nothing.orValue(null)' },
            ],
        });
        const claims = { given: 'a', family: 'b', roles: ['x'], number: 7, tenant: 'pi' };
        expect(mapper.identityOf(claims)).toEqual({
            username: 'a.b',
            uid: '7',
            groups: ['idp:x', 'all'],
            extra: { 'a.io/one': ['pi'] },
        });
        expect(by({ uid: { claim: 'oid', expression: '' } }).identityOf({ sub: 'a', oid: 'o' }).uid).toBe(
            'o',
        );
    });

    it.each<[Partial<ClaimMappings>, string]>([
        [
            { username: expression('claims.missing') },
            'error evaluating username claim expression: no such key',
        ],
        [{ username: expression('claims.number') }, 'username claim expression must return a string'],
        [{ username: expression('""') }, 'empty username via CEL expression is not allowed'],
        [{ groups: expression('claims.number') }, 'must return a string or a list of strings'],
        [{ groups: expression('[claims.number]') }, 'must return a string or a list of strings'],
        [{ uid: { claim: '', expression: 'claims.number' } }, 'uid claim expression must return a string'],
        [{ uid: { claim: 'oid', expression: '' } }, 'parse uid claim "oid": claim not present'],
        [
            { username: expression('claims.list.map(a, claims.list.map(b, claims.list))[0][0][0]') },
            'cost limit exceeded',
        ],
    ])('but not by %j', (mappings, message) => {
        const claims = { sub: 'joe', number: 7, list: Array.from({ length: 2000 }, () => 'x') };
        expect(() => by(mappings).identityOf(claims)).toThrow(message);
    });

    it('unless a rule is against it', () => {
        const rules = {
            claims: ['claims.exp - claims.iat <= 60'],
            users: ["!user.username.startsWith('system:') && user.groups.size() == 0 && user.uid == ''"],
        };
        const mapper = by({}, rules);
        expect(mapper.identityOf({ sub: 'joe', exp: 100, iat: 50 }).username).toBe('joe');
        expect(() => mapper.identityOf({ sub: 'joe', exp: 200, iat: 50 })).toThrow(
            "error evaluating claim validation expression: validation expression 'claims.exp - claims.iat <= 60' failed: not so",
        );
        expect(() => mapper.identityOf({ sub: 'system:joe', exp: 1, iat: 1 })).toThrow(
            'error evaluating user info validation rule: validation expression',
        );
    });
});
