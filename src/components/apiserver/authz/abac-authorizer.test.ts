import { describe, expect, it } from '@jest/globals';
import type { Identity } from '../identity.ts';
import { AbacAuthorizer } from './abac-authorizer.ts';

const line = (spec: object): string =>
    JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
const who = (username: string, ...groups: string[]): Identity => ({ username, uid: '', groups, extra: {} });

const authorizer = new AbacAuthorizer(
    [
        '# who may do what',
        '',
        line({ user: 'root', apiGroup: '*', resource: '*', namespace: '*' }),
        line({ group: 'dev', resource: 'pods', namespace: 'team', readonly: true }),
        line({ user: 'joe', group: 'ops', resource: 'nodes', namespace: '*' }),
        line({ user: '*', nonResourcePath: '/healthz*', readonly: true }),
        '{"user":"old","resource":"pods"}',
    ].join('\n'),
);

describe('ABAC authorizer', () => {
    it.each([
        [who('root'), 'delete apps/deployments team', 'allow'],
        [who('ann', 'dev'), 'list /pods team', 'allow'],
        [who('ann', 'dev'), 'list /pods other', 'noOpinion'],
        [who('ann', 'dev'), 'delete /pods team', 'noOpinion'],
        [who('ann', 'dev'), 'list apps/pods team', 'noOpinion'],
        [who('joe', 'ops'), 'get /nodes ', 'allow'],
        [who('joe'), 'get /nodes ', 'noOpinion'],
        [who('ann', 'ops'), 'get /nodes ', 'noOpinion'],
        [who('old'), 'delete apps/pods any', 'allow'],
    ])('%j: %s → %s', (identity, question, expected) => {
        const [verb = '', target = '', namespace = ''] = question.split(' ');
        const [group = '', resource = ''] = target.split('/');
        const about = { verb, group, resource, namespace, version: 'v1', subresource: '', name: '' };
        expect(authorizer.authorize(identity, { kind: 'resource', ...about }).outcome).toBe(expected);
    });

    it.each([
        ['/healthz/etcd', 'get', 'allow'],
        ['/healthz', 'post', 'noOpinion'],
        ['/metrics', 'get', 'noOpinion'],
    ])('path %s, %s → %s', (path, verb, expected) => {
        expect(authorizer.authorize(who('ann'), { kind: 'nonResource', path, verb }).outcome).toBe(expected);
    });

    it('lists the rules of a namespace', () => {
        expect(authorizer.rulesFor(who('ann', 'dev'), 'team')).toEqual([
            { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
            { verbs: ['get', 'list', 'watch'], nonResourceURLs: ['/healthz*'] },
        ]);
        expect(authorizer.rulesFor(who('ann', 'dev'), 'other')).toHaveLength(1);
    });

    it.each([
        ['{', 'line 1: not readable as JSON'],
        ['7', 'line 1: not a JSON object'],
        ['[]', 'line 1: not a JSON object'],
        ['{"apiVersion":"v1","kind":"Pod"}', 'line 1: expected kind Policy'],
        [`\n${line({ user: 7 })}`, 'line 2: user is not a string'],
    ])('refuses the file %j', (text, message) => {
        expect(() => new AbacAuthorizer(text)).toThrow(message);
    });
});
