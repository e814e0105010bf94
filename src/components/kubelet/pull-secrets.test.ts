import { describe, expect, it } from '@jest/globals';
import { noObjects } from './volumes/object-source.ts';
import { registryAuths, registryOf } from './pull-secrets.ts';

const config = {
    auths: {
        'https://index.docker.io/v1/': { auth: Buffer.from('hub:pw').toString('base64') },
        'registry.example.com': { username: 'u', password: 'p' },
        'registry.example.com/team': { username: 't', password: 'q' },
    },
};
const secret = { data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') } };
const objects = { ...noObjects, secret: async () => await Promise.resolve(secret) };
const pod = { spec: { containers: [], imagePullSecrets: [{ name: 's' }] } };

describe('registryAuths', () => {
    it.each([
        ['nginx', ['hub']],
        ['library/nginx:1', ['hub']],
        ['registry.example.com/app:1', ['u']],
        ['registry.example.com/team/app', ['t', 'u']],
        ['other.example.com/app', []],
    ])('for %s offers %j', async (image, users) => {
        const auths = await registryAuths(pod, image, objects);
        expect(auths.map(({ username }) => username)).toEqual(users);
    });

    it('survives a secret that is not JSON', async () => {
        const broken = { data: { '.dockerconfigjson': 'x' } };
        const source = { ...noObjects, secret: async () => await Promise.resolve(broken) };
        expect(await registryAuths(pod, 'nginx', source)).toEqual([]);
    });
});

describe('registryOf', () => {
    it('knows which images name their registry', () => {
        expect(['a', 'a/b', 'localhost/b', 'h:5000/b', 'a.b/c'].map(registryOf)).toEqual([
            'docker.io',
            'docker.io',
            'localhost',
            'h:5000',
            'a.b',
        ]);
    });
});
