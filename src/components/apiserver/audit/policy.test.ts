import { describe, expect, it } from '@jest/globals';
import { parseRequestInfo } from '../request-info.ts';
import { AuditPolicy } from './policy.ts';

const policyOf = (...rules: object[]): AuditPolicy =>
    AuditPolicy.parse({
        kind: 'Policy',
        apiVersion: 'audit.k8s.io/v1',
        omitStages: ['RequestReceived'],
        rules,
    });

function levelOf(
    policy: AuditPolicy,
    url: string,
    options: { user?: string; groups?: string[]; method?: string } = {},
) {
    const { user = 'jane', groups = [], method = 'GET' } = options;
    const [path = '', search = ''] = url.split('?');
    const info = parseRequestInfo(method, path, new URLSearchParams(search));
    return policy.decide({ username: user, uid: '', groups, extra: {} }, info);
}

describe('an audit policy', () => {
    const policy = policyOf(
        { level: 'None', users: ['system:kube-proxy'], verbs: ['watch'] },
        { level: 'None', nonResourceURLs: ['/healthz*', '/version'] },
        { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'pods/log', '*/status'] }] },
        { level: 'Request', userGroups: ['ops'], namespaces: ['kube-system'] },
        { level: 'RequestResponse', resources: [{ group: 'apps' }], omitManagedFields: true },
        { level: 'Request', resources: [{ group: '', resources: ['configmaps'], resourceNames: ['a'] }] },
    );

    it.each([
        ['/api/v1/pods?watch=1', { user: 'system:kube-proxy' }, 'None'],
        ['/healthz/etcd', {}, 'None'],
        ['/version', {}, 'None'],
        ['/api/v1/namespaces/a/secrets/b', {}, 'Metadata'],
        ['/api/v1/namespaces/a/pods/b/log', {}, 'Metadata'],
        ['/api/v1/namespaces/a/services/b/status', {}, 'Metadata'],
        ['/api/v1/namespaces/a/pods/b', {}, 'None'],
        ['/api/v1/namespaces/kube-system/pods/b', { groups: ['ops'] }, 'Request'],
        ['/apis/apps/v1/deployments', {}, 'RequestResponse'],
        ['/api/v1/namespaces/x/configmaps/a', {}, 'Request'],
        ['/api/v1/namespaces/x/configmaps/b', {}, 'None'],
    ])('says of %s by %j: %s', (url, who, level) => {
        expect(levelOf(policy, url, who).level).toBe(level);
    });

    it('joins its own omitted stages with the rule', () => {
        const decision = levelOf(policyOf({ level: 'Metadata', omitStages: ['ResponseStarted'] }), '/x');
        expect([...decision.omitStages]).toEqual(['RequestReceived', 'ResponseStarted']);
        expect(levelOf(policy, '/apis/apps/v1/deployments').omitManagedFields).toBe(true);
    });

    it.each([
        [[], 'loaded illegal policy with 0 rules'],
        [[{ level: 'All' }], 'rules[0].level: Unsupported value: "All"'],
        [[{ level: 'Metadata', omitStages: ['X'] }], 'rules[0].omitStages[0]: Invalid value: "X"'],
        [[{ level: 'Metadata', nonResourceURLs: ['x'] }], "must begin with a '/' character"],
        [[{ level: 'Metadata', nonResourceURLs: ['/a*b'] }], 'must be the final character'],
        [[{ level: 'Metadata', users: 'x' }], 'rules[0].users: must be a list'],
    ])('refuses %j', (rules, message) => {
        expect(() => policyOf(...rules)).toThrow(message);
    });
});
