import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Stored, V1Secret } from '../../src/api/meta/object.ts';
import { isReason } from '../../src/api/meta/status-error.ts';
import { namespaces, secrets, serviceAccounts } from '../../src/client/resource-type.ts';
import { generatePrivateKey } from '../../src/pki/authority.ts';
import { verifyLegacyToken } from '../../src/pki/legacy-service-account-token.ts';
import { loadVerifyingKeys } from '../../src/pki/service-account-token.ts';
import { type ControllerFixture, startControllers } from './support/controllers.ts';

const timeoutMs = 10_000;

describe('token controller', () => {
    const key = generatePrivateKey();
    let fixture: ControllerFixture;

    beforeAll(async () => {
        fixture = await startControllers(['serviceaccount-token-controller'], {
            options: { serviceAccountKey: key, rootCa: 'the authority' },
        });
        await fixture.api.admin.resource(namespaces).create({ metadata: { name: 'team' } });
    });
    afterAll(async () => {
        await fixture.stop();
    });

    const create = async (name: string, account: string): Promise<void> => {
        await fixture.api.admin.resource(secrets).create({
            metadata: {
                namespace: 'team',
                name,
                annotations: { 'kubernetes.io/service-account.name': account },
            },
            type: 'kubernetes.io/service-account-token',
        });
    };
    const read = async (name: string): Promise<Stored<V1Secret> | undefined> => {
        try {
            return await fixture.api.admin.resource(secrets).get({ namespace: 'team', name });
        } catch (error) {
            if (isReason(error, 'NotFound')) return undefined;
            throw error;
        }
    };
    const until = async (name: string, good: (secret: Stored<V1Secret> | undefined) => boolean) => {
        const endMs = Date.now() + timeoutMs;
        for (;;) {
            const secret = await read(name);
            if (good(secret)) return secret;
            if (Date.now() > endMs) throw new Error(`Secret ${name} has not become what it should`);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    };

    it('fills a Secret for an account, and deletes it with the account', async () => {
        const ref = { namespace: 'team', name: 'web' };
        const account = await fixture.api.admin.resource(serviceAccounts).create({ metadata: ref });
        await create('web-token', 'web');
        const secret = await until('web-token', (current) => current?.data?.['token'] !== undefined);
        const text = (name: string): string =>
            Buffer.from(secret?.data?.[name] ?? '', 'base64').toString('utf8');
        expect([text('ca.crt'), text('namespace')]).toEqual(['the authority', 'team']);
        expect(secret?.metadata.annotations).toMatchObject({
            'kubernetes.io/service-account.uid': account.metadata.uid,
        });
        expect(verifyLegacyToken(text('token'), loadVerifyingKeys(key))).toEqual({
            namespace: 'team',
            accountName: 'web',
            accountUid: account.metadata.uid,
            secretName: 'web-token',
        });
        await fixture.api.admin.resource(serviceAccounts).delete(ref);
        await until('web-token', (current) => current === undefined);
    });

    it('deletes a Secret for an account that does not exist', async () => {
        await create('lost-token', 'nobody');
        await until('lost-token', (current) => current === undefined);
    });
});
