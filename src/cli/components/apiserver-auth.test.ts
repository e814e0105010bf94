import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../util/logger.ts';
import type { FlagValues } from '../flags.ts';
import { sharedAuthFlags } from '../flag-sets/auth-flags.ts';
import { issuersOf } from './apiserver-authentication.ts';
import { authorizationOptions } from './apiserver-authorization.ts';
import { FlagError } from './flag-error.ts';

type Flags = FlagValues<typeof sharedAuthFlags>;
const fallbacks = Object.fromEntries(
    Object.entries(sharedAuthFlags).map(([name, { fallback }]) => [name, fallback]),
) as Flags;

describe('flags of authentication and authorization', () => {
    let directory = '';
    const file = (name: string): string => join(directory, name);
    const logger = silentLogger();
    const issuers = async (flags: Partial<Flags>) =>
        await issuersOf({
            flags: { ...fallbacks, ...flags },
            logger,
            serviceAccountIssuers: ['https://kubernetes.default.svc'],
        });
    const authorizers = async (flags: Partial<Flags>) =>
        await authorizationOptions({ flags: { ...fallbacks, ...flags }, logger });

    beforeAll(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hyperkube-auth-flags-'));
        const head = { apiVersion: 'apiserver.config.k8s.io/v1' };
        const authentication = { ...head, kind: 'AuthenticationConfiguration' };
        await writeFile(file('empty'), JSON.stringify(authentication));
        await writeFile(
            file('anonymous'),
            JSON.stringify({ ...authentication, anonymous: { enabled: false } }),
        );
        const authorization = { ...head, kind: 'AuthorizationConfiguration' };
        await writeFile(
            file('rbac'),
            JSON.stringify({ ...authorization, authorizers: [{ type: 'RBAC', name: 'rbac' }] }),
        );
        await writeFile(
            file('abac'),
            JSON.stringify({ ...authorization, authorizers: [{ type: 'ABAC', name: 'abac' }] }),
        );
        await writeFile(file('wrong'), JSON.stringify({ ...authorization, authorizers: [{ type: 'X' }] }));
    });
    afterAll(async () => {
        await rm(directory, { recursive: true });
    });

    it.each<[string, () => Partial<Flags>, string]>([
        [
            'a file and flags of issuers',
            () => ({ 'authentication-config': file('empty'), 'oidc-issuer-url': 'https://a' }),
            'authentication-config file and oidc-* flags are mutually exclusive',
        ],
        [
            'a file and a flag about anonymous requests',
            () => ({ 'authentication-config': file('anonymous'), 'anonymous-auth': true }),
            'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
        ],
        [
            'a file that is not there',
            () => ({ 'authentication-config': file('none') }),
            '--authentication-config: cannot read',
        ],
        [
            'a file of another kind',
            () => ({ 'authentication-config': file('rbac') }),
            '--authentication-config: no kind "AuthorizationConfiguration" is registered',
        ],
        [
            'an issuer without a client',
            () => ({ 'oidc-issuer-url': 'https://a' }),
            'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
        ],
        [
            'an issuer that is not reached over TLS',
            () => ({ 'oidc-issuer-url': 'http://a', 'oidc-client-id': 'c' }),
            'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https',
        ],
        [
            'the issuer of service accounts',
            () => ({ 'oidc-issuer-url': 'https://kubernetes.default.svc', 'oidc-client-id': 'c' }),
            'URL must not overlap with disallowed issuers',
        ],
        [
            'an algorithm that is none',
            () => ({
                'oidc-issuer-url': 'https://a',
                'oidc-client-id': 'c',
                'oidc-signing-algs': ['HS256'],
            }),
            'oidc: unsupported signing alg: "HS256"',
        ],
    ])('refuse %s', async (_case, flags, message) => {
        const refused = issuers(flags());
        await expect(refused).rejects.toThrow(FlagError);
        await expect(refused).rejects.toThrow(message);
    });

    it('say who may be anonymous', async () => {
        expect(await issuers({})).toEqual({});
        expect(await issuers({ 'anonymous-auth': true })).toEqual({ anonymous: true });
        expect(await issuers({ 'authentication-config': file('anonymous') })).toMatchObject({
            anonymous: false,
        });
        expect(
            await issuers({ 'authentication-config': file('empty'), 'anonymous-auth': true }),
        ).toMatchObject({ anonymous: true });
    });

    it.each<[string, () => Partial<Flags>, string]>([
        [
            'a file and modes',
            () => ({ 'authorization-config': file('rbac'), 'authorization-mode': ['Node', 'RBAC'] }),
            '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
        ],
        [
            'a file and a flag of the webhook',
            () => ({ 'authorization-config': file('rbac'), 'authorization-webhook-cache-authorized-ttl': 1 }),
            'can not be specified when',
        ],
        [
            'a file that is wrong',
            () => ({ 'authorization-config': file('wrong') }),
            '--authorization-config: authorizers[0].type: Unsupported value: "X"',
        ],
        [
            'ABAC without its policies',
            () => ({ 'authorization-config': file('abac') }),
            'authorization policy file not passed',
        ],
    ])('refuse %s', async (_case, flags, message) => {
        const refused = authorizers(flags());
        await expect(refused).rejects.toThrow(FlagError);
        await expect(refused).rejects.toThrow(message);
    });

    it('name the authorizers', async () => {
        expect(await authorizers({})).toMatchObject({ modes: ['Node', 'RBAC'] });
        expect(await authorizers({ 'authorization-config': file('rbac') })).toMatchObject({
            modes: ['RBAC'],
        });
    });
});
