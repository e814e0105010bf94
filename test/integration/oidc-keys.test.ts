import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { IssuerKeys } from '../../src/components/apiserver/authn/issuer-keys.ts';
import { type OtherServer, startOtherServer } from './support/auth-server.ts';

const jwk = (kid: string): object => ({
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    kid,
});

describe('keys of an OpenID Connect issuer', () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, setTimer: () => () => undefined };
    let issuer: OtherServer;
    let keys: unknown[] = [];
    let named = '';
    let requests = 0;

    beforeAll(async () => {
        issuer = await startOtherServer((request) => {
            requests += 1;
            return request.endsWith('/keys')
                ? { keys }
                : { issuer: named || issuer.url, jwks_uri: `${issuer.url}/keys` };
        });
    });
    afterAll(async () => {
        await issuer.stop();
    });
    const open = () => new IssuerKeys({ issuer: issuer.url, ca: issuer.ca, clock });
    const ids = (known: readonly { id: string | undefined }[]) => known.map(({ id }) => id);

    it('are fetched on demand, again after a rotation, and at most every ten seconds', async () => {
        keys = [jwk('old'), { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' }, { ...jwk('enc'), use: 'enc' }, 7];
        const issuerKeys = open();
        expect(issuerKeys.known).toEqual([]);
        const before = requests;
        await Promise.all([issuerKeys.refresh(), issuerKeys.refresh(), issuerKeys.refresh()]);
        expect(ids(issuerKeys.known)).toEqual(['old']);
        keys = [jwk('new')];
        nowMs += 9_999;
        expect(ids(await issuerKeys.refresh())).toEqual(['old']);
        expect(requests - before).toBe(2);
        nowMs += 1;
        expect(ids(await issuerKeys.refresh())).toEqual(['new']);
    });

    it('are kept when the issuer answers nonsense later, and missed when it did from the beginning', async () => {
        keys = [jwk('good')];
        const issuerKeys = open();
        await issuerKeys.refresh();
        named = 'https://evil.example';
        nowMs += 10_000;
        expect(ids(await issuerKeys.refresh())).toEqual(['good']);
        await expect(open().refresh()).rejects.toThrow("the issuer's keys cannot be read");
        named = '';
    });

    it('are not taken from a server that another authority vouches for', async () => {
        const other = await startOtherServer(() => ({}));
        const issuerKeys = new IssuerKeys({ issuer: issuer.url, ca: other.ca, clock });
        await expect(issuerKeys.refresh()).rejects.toThrow("the issuer's keys cannot be read");
        await other.stop();
    });
});
