import { describe, expect, it } from '@jest/globals';
import type { Authorizer, RequestAttributes } from '../../authorizer.ts';
import type { Identity } from '../../identity.ts';
import { impersonationModes } from './modes.ts';

const nobody: Identity = { username: '', uid: '', groups: [], extra: {} };
const someone = (username: string, more: Partial<Identity> = {}): Identity => ({
    ...nobody,
    username,
    ...more,
});
const listPods: RequestAttributes = {
    kind: 'resource',
    verb: 'list',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: 'team',
    name: '',
};
const nodeName = 'authentication.kubernetes.io/node-name';
const agent = someone('system:serviceaccount:team:agent', { extra: { [nodeName]: ['n1'], other: ['x'] } });

/** "impersonate:user-info users.authentication.k8s.io ann" */
function textOf(attributes: RequestAttributes): string {
    if (attributes.kind === 'nonResource') return `${attributes.verb} ${attributes.path}`;
    const { verb, group, resource, subresource, namespace, name } = attributes;
    const what = subresource === '' ? resource : `${resource}/${subresource}`;
    return [verb, group === '' ? what : `${what}.${group}`, namespace, name].filter(Boolean).join(' ');
}

/** Tries all modes; `allowed` are questions that are answered with yes, "*" for all. */
async function attempt(requester: Identity, wanted: Identity, ...allowed: string[]) {
    const asked: string[] = [];
    const extras: Identity['extra'][] = [];
    const authorizer: Authorizer = {
        authorize: ({ extra }, attributes) => {
            const text = textOf(attributes);
            asked.push(text);
            extras.push(extra);
            const isAllowed = allowed.includes('*') || allowed.includes(text);
            return { outcome: isAllowed ? 'allow' : 'noOpinion', reason: '' };
        },
    };
    const failures: string[] = [];
    for (const mode of impersonationModes(authorizer)) {
        try {
            const found = await mode({ requester, wanted, attributes: listPods });
            if (found !== undefined) return { ...found, asked, extras, failures };
        } catch (error) {
            failures.push(error instanceof Error ? error.message : String(error));
        }
    }
    return { identity: undefined, constraint: undefined, asked, extras, failures };
}

const api = 'authentication.k8s.io';
const ann = someone('ann');
const joe = someone('joe');

describe('who may act as somebody else', () => {
    it('may do so for what is allowed on this way, as whom is allowed', async () => {
        const rights = ['impersonate-on:user-info:list pods team', `impersonate:user-info users.${api} ann`];
        expect(await attempt(joe, ann, ...rights)).toMatchObject({
            constraint: 'impersonate:user-info',
            identity: { username: 'ann', groups: ['system:authenticated'] },
            asked: rights,
        });
        for (const right of rights) expect((await attempt(joe, ann, right)).identity).toBeUndefined();
    });

    it('may do so everywhere with the legacy right, of which nothing is remembered', async () => {
        expect(await attempt(joe, ann, 'impersonate users ann')).toMatchObject({
            constraint: '',
            identity: { username: 'ann', groups: ['system:authenticated'] },
            failures: [
                'pods is forbidden: User "joe" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "team"',
            ],
        });
    });

    it('needs a right for every part', async () => {
        const wanted = someone('ann', {
            uid: '7',
            groups: ['a', 'b'],
            extra: { 'acme.com/scope': ['x', 'y'] },
        });
        const { asked, identity } = await attempt(joe, wanted, '*');
        expect(asked).toEqual([
            'impersonate-on:user-info:list pods team',
            `impersonate:user-info users.${api} ann`,
            `impersonate:user-info uids.${api} 7`,
            `impersonate:user-info groups.${api} a`,
            `impersonate:user-info groups.${api} b`,
            `impersonate:user-info userextras/acme.com/scope.${api} x`,
            `impersonate:user-info userextras/acme.com/scope.${api} y`,
        ]);
        expect(identity).toEqual({ ...wanted, groups: ['a', 'b', 'system:authenticated'] });
    });

    it('is asked for all groups at once where there are many', async () => {
        const wanted = someone('ann', { groups: ['a', 'b', 'c', 'd'] });
        const { asked } = await attempt(joe, wanted, '*');
        expect(asked.slice(2)).toEqual([`impersonate:user-info groups.${api} *`]);
    });

    it.each<[Partial<Identity>, string]>([
        [{ groups: ['system:masters'] }, 'impersonating the system:masters group is not allowed'],
        [{ groups: [''] }, 'impersonating the empty string group is not allowed'],
        [{ extra: { scope: ['a'] } }, 'impersonating an invalid key in extra is not allowed'],
        [
            { extra: { 'a.io/B': ['a'] } },
            'impersonating a non-lowercase key in extra is not allowed: "a.io/B"',
        ],
        [{ extra: { 'a.io/b': [''] } }, 'impersonating the empty string value in extra is not allowed'],
    ])('has %j by the legacy right alone', async (more, message) => {
        const { failures, constraint } = await attempt(joe, someone('ann', more), '*');
        expect(failures).toEqual([expect.stringContaining(message)]);
        expect(constraint).toBe('');
    });

    it('acts as a node with the groups of nodes, and with none but those', async () => {
        const node = someone('system:node:n1');
        expect(await attempt(joe, node, '*')).toMatchObject({
            constraint: 'impersonate:arbitrary-node',
            identity: { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
            asked: [
                'impersonate-on:arbitrary-node:list pods team',
                `impersonate:arbitrary-node nodes.${api} n1`,
            ],
        });
        expect(await attempt(joe, { ...node, groups: ['a'] }, '*')).toMatchObject({ constraint: '' });
    });

    it('acts as the node that it runs on by a right for all nodes', async () => {
        const rights = [
            'impersonate-on:associated-node:list pods team',
            `impersonate:associated-node nodes.${api} *`,
        ];
        const { constraint, identity, extras } = await attempt(agent, someone('system:node:n1'), ...rights);
        expect(constraint).toBe('impersonate:associated-node');
        expect(identity).toMatchObject({ username: 'system:node:n1', extra: {} });
        expect(extras[0]).toEqual({
            'authentication.kubernetes.io/associated-node-keys': [nodeName, 'other'],
        });
        expect((await attempt(agent, someone('system:node:n2'), ...rights)).identity).toBeUndefined();
        const user = { ...agent, username: 'joe' };
        expect((await attempt(user, someone('system:node:n1'), ...rights)).identity).toBeUndefined();
    });

    it('acts as a service account with its groups', async () => {
        const account = someone('system:serviceaccount:team:web');
        const { constraint, identity, asked } = await attempt(joe, account, '*');
        expect(constraint).toBe('impersonate:serviceaccount');
        expect(identity?.groups).toEqual([
            'system:serviceaccounts',
            'system:serviceaccounts:team',
            'system:authenticated',
        ]);
        expect(asked[1]).toBe(`impersonate:serviceaccount serviceaccounts.${api} team web`);
    });

    it('is anonymous as system:anonymous', async () => {
        expect((await attempt(joe, someone('system:anonymous'), '*')).identity?.groups).toEqual([
            'system:unauthenticated',
        ]);
    });
});
