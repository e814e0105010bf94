import { describe, expect, it } from '@jest/globals';
import { parseKubeconfigUsers } from '../../../client/kubeconfig.ts';
import { WebhookUsers } from './webhook-users.ts';

const users = async (names: string[], current?: string): Promise<WebhookUsers> => {
    const config = {
        users: names.map((name) => ({ name, user: { token: `token of ${name}` } })),
        ...(current === undefined
            ? {}
            : { 'current-context': 'c', contexts: [{ name: 'c', context: { user: current } }] }),
    };
    return new WebhookUsers(await parseKubeconfigUsers(JSON.stringify(config), { file: '/k' }));
};

describe('who the API server is for a webhook', () => {
    it.each([
        ['hook.shop.svc:443', ['*', '*.svc', 'hook.shop.svc', 'hook.shop.svc:443'], 'hook.shop.svc:443'],
        ['hook.shop.svc:443', ['*', '*.svc:443', 'hook.shop.svc'], '*.svc:443'],
        ['hook.shop.svc:443', ['*', '*.svc', '*.shop.svc'], '*.shop.svc'],
        ['hook.shop.svc:443', ['*.svc', 'hook.shop.svc'], 'hook.shop.svc'],
        ['hook.shop.svc:8443', ['*', 'hook.shop.svc'], '*'],
        ['hook.shop.svc:8443', ['hook.shop.svc', '*.shop.svc:8443'], '*.shop.svc:8443'],
        ['localhost:443', ['localhost'], 'localhost'],
        ['hook.shop.svc:443', ['other'], undefined],
    ])('%s among %j is %s', async (target, names, expected) => {
        const user = (await users(names)).for(target);
        expect(user?.name).toBe(expected);
        if (expected === undefined) return;
        expect(await user?.credentials.headers()).toEqual({ authorization: `Bearer token of ${expected}` });
    });

    it('is that of the current context where no name fits', async () => {
        expect((await users(['me', 'other'], 'me')).for('a:443')?.name).toBe('me');
        expect((await users(['*', 'me'], 'me')).for('a:443')?.name).toBe('*');
    });

    it('may be somebody with a password, or somebody who acts as another', async () => {
        const config = { users: [{ name: '*', user: { username: 'a', password: 'b', as: 'c' } }] };
        const parsed = await parseKubeconfigUsers(JSON.stringify(config), { file: '/k' });
        expect(await new WebhookUsers(parsed).for('x:1')?.credentials.headers()).toEqual({
            authorization: `Basic ${Buffer.from('a:b').toString('base64')}`,
            'impersonate-user': 'c',
        });
    });
});
