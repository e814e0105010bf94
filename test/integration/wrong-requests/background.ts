import { eventually } from '../support/api-server.ts';
import { examples, namespace, widget } from './objects.ts';
import type { WrongRequestServer } from './server.ts';

interface Token {
    status: { token: string };
}

/** Makes the objects and the senders that the tables speak of. */
export async function prepareBackground(server: WrongRequestServer): Promise<void> {
    await server.make('/api/v1/namespaces', { metadata: { name: namespace } });
    await server.make('/api/v1/namespaces', { metadata: { name: 'other' } });
    await server.make(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
    for (const { collection, object } of Object.values(examples)) await server.make(collection, object);
    await eventually('custom resources are served', async () => {
        const { code } = await server.send({ method: 'POST', path: widget.collection, body: widget.object });
        return code === 201;
    });
    await server.make(`/api/v1/namespaces/${namespace}/configmaps`, {
        metadata: { name: 'fixed' },
        data: { a: '1' },
        immutable: true,
    });
    await server.make(`/api/v1/namespaces/${namespace}/configmaps`, {
        metadata: { name: 'kept', finalizers: ['example.com/hold'] },
    });
    await server.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/configmaps/kept` });
    await makeSenders(server);
}

async function makeSenders(server: WrongRequestServer): Promise<void> {
    const request = async (spec: object): Promise<string> => {
        const made = (await server.make(`/api/v1/namespaces/${namespace}/serviceaccounts/right/token`, {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec,
        })) as unknown as Token;
        return made.status.token;
    };
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    const token = await request({});
    const [header, claims, signature] = token.split('.') as [string, string, string];
    const { senders } = server;
    const otherClaims = Buffer.from(claims, 'base64url').toString().replace('"shop"', '"kube-system"');
    senders.set('service account', bearer(token));
    senders.set('token for somebody else', bearer(await request({ audiences: ['vault'] })));
    senders.set('token without signature', bearer(`${header}.${claims}.`));
    senders.set(
        'token with other claims',
        bearer(`${header}.${Buffer.from(otherClaims).toString('base64url')}.${signature}`),
    );
    senders.set(
        'token without algorithm',
        bearer(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`),
    );
    senders.set('garbage token', bearer('a.b.c'));
    senders.set('long token', bearer('x'.repeat(20_000)));
    senders.set('empty bearer', { headers: { authorization: 'Bearer ' } });
    senders.set('basic', {
        headers: { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
    });
    senders.set('digest', { headers: { authorization: 'Digest username="admin"' } });
    senders.set('no scheme', { headers: { authorization: token } });
    senders.set('anonymous', {});
    senders.set('front proxy headers', {
        headers: { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' },
    });
    const jane = await server.auth.user('jane');
    senders.set('jane', { certificate: jane.certificate! });
}
