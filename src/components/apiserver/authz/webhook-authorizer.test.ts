import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../api/cel/compiler.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import { silentLogger } from '../../../util/logger.ts';
import type { RequestAttributes } from '../authorizer.ts';
import { AuthorizationMetrics } from './authorization-metrics.ts';
import { MatchConditions } from './config/match-conditions.ts';
import { WebhookAuthorizer, type WebhookAuthorizerOptions } from './webhook-authorizer.ts';

const jane = { username: 'jane', uid: '', groups: ['dev'], extra: { scope: ['a'] } };
const pods: RequestAttributes = {
    kind: 'resource',
    verb: 'list',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: 'team',
    name: '',
    fieldSelector: 'spec.nodeName=n1,status.phase!=Failed',
    labelSelector: 'app in (a,b),!old',
};

describe('webhook authorizer', () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, setTimer: () => () => undefined };
    const create = (answer: unknown, more: Partial<WebhookAuthorizerOptions> = {}) => {
        const asked: unknown[] = [];
        const post = async (body: object): Promise<unknown> => {
            asked.push(body);
            return await (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
        };
        const authorizer = new WebhookAuthorizer({
            client: { post },
            version: 'v1',
            authorizedTtlMs: 300_000,
            unauthorizedTtlMs: 30_000,
            clock,
            log: silentLogger(),
            ...more,
        });
        return { authorizer, asked };
    };

    it('sends the user and what is asked, selectors included', async () => {
        const { authorizer, asked } = create({ status: { allowed: true } });
        expect(await authorizer.authorize(jane, pods)).toEqual({ outcome: 'allow', reason: '' });
        expect(asked).toMatchObject([
            {
                apiVersion: 'authorization.k8s.io/v1',
                kind: 'SubjectAccessReview',
                spec: {
                    user: 'jane',
                    groups: ['dev'],
                    extra: { scope: ['a'] },
                    resourceAttributes: {
                        verb: 'list',
                        resource: 'pods',
                        namespace: 'team',
                        fieldSelector: {
                            requirements: [
                                { key: 'spec.nodeName', operator: 'In', values: ['n1'] },
                                { key: 'status.phase', operator: 'NotIn', values: ['Failed'] },
                            ],
                        },
                        labelSelector: {
                            requirements: [
                                { key: 'app', operator: 'In', values: ['a', 'b'] },
                                { key: 'old', operator: 'DoesNotExist' },
                            ],
                        },
                    },
                },
            },
        ]);
    });

    it('calls groups by their older name in v1beta1', async () => {
        const { authorizer, asked } = create({ status: { allowed: true } }, { version: 'v1beta1' });
        await authorizer.authorize(jane, { kind: 'nonResource', verb: 'get', path: '/x' });
        expect(asked).toEqual([
            {
                apiVersion: 'authorization.k8s.io/v1beta1',
                kind: 'SubjectAccessReview',
                spec: {
                    user: 'jane',
                    group: ['dev'],
                    extra: { scope: ['a'] },
                    nonResourceAttributes: { path: '/x', verb: 'get' },
                },
            },
        ]);
    });

    it.each([
        [
            { allowed: true, reason: 'r' },
            { outcome: 'allow', reason: 'r' },
        ],
        [{ allowed: false }, { outcome: 'noOpinion', reason: '' }],
        [
            { allowed: false, denied: true, reason: 'r' },
            { outcome: 'deny', reason: 'r' },
        ],
        [{ allowed: 'yes' }, { outcome: 'noOpinion', reason: '' }],
    ])('takes %j as %j', async (status, decision) => {
        expect(await create({ status }).authorizer.authorize(jane, pods)).toEqual(decision);
    });

    it.each([
        [true, 300_000],
        [false, 30_000],
    ])('remembers the answer allowed=%s for %d ms', async (allowed, lifetimeMs) => {
        const { authorizer, asked } = create({ status: { allowed } });
        await authorizer.authorize(jane, pods);
        nowMs += lifetimeMs - 1;
        await authorizer.authorize(jane, pods);
        expect(asked).toHaveLength(1);
        nowMs += 1;
        await authorizer.authorize(jane, pods);
        expect(asked).toHaveLength(2);
    });

    it('has no opinion, and remembers nothing, when it gets no answer', async () => {
        const { authorizer, asked } = create(new Error('connection refused'));
        for (let round = 0; round < 2; round += 1) {
            expect(await authorizer.authorize(jane, pods)).toEqual({
                outcome: 'noOpinion',
                reason: '',
                error: 'connection refused',
            });
        }
        expect(asked).toHaveLength(2);
    });

    it('denies where that is what no answer means, and is counted', async () => {
        const metrics = new AuthorizationMetrics();
        const failing = create(new Error('down'), { onFailure: 'deny', name: 'strict', metrics });
        expect(await failing.authorizer.authorize(jane, pods)).toEqual({
            outcome: 'deny',
            reason: '',
            error: 'down',
        });
        const open = create(new Error('down'), { name: 'lax', metrics });
        expect(await open.authorizer.authorize(jane, pods)).toMatchObject({ outcome: 'noOpinion' });
        const text = renderMetrics(metrics.metrics());
        const failedOpen = 'apiserver_authorization_webhook_evaluations_fail_open_total';
        expect(text).toContain(`${failedOpen}{name="lax",result="error"} 1`);
        expect(text).not.toContain(`${failedOpen}{name="strict"`);
    });

    it('is asked where its conditions hold', async () => {
        const metrics = new AuthorizationMetrics();
        const conditions = new MatchConditions(
            ["request.extra['scope'][0] != 'b'", "request.resourceAttributes.verb == 'list'"],
            createCelCompiler(),
        );
        const { authorizer, asked } = create({ status: { allowed: true } }, { conditions, metrics });
        expect(await authorizer.authorize(jane, pods)).toMatchObject({ outcome: 'allow' });
        expect(await authorizer.authorize(jane, { ...pods, verb: 'get' })).toEqual({
            outcome: 'noOpinion',
            reason: '',
        });
        const faulty = await authorizer.authorize({ ...jane, extra: {} }, pods);
        expect(faulty).toMatchObject({ outcome: 'noOpinion', error: expect.stringContaining('no such key') });
        expect(asked).toHaveLength(1);
        const text = renderMetrics(metrics.metrics());
        const labels = '{type="Webhook",name="default"}';
        expect(text).toContain(`apiserver_authorization_match_condition_exclusions_total${labels} 1`);
        expect(text).toContain(`apiserver_authorization_match_condition_evaluation_errors_total${labels} 1`);
        expect(text).toContain(`apiserver_authorization_match_condition_evaluation_seconds_count${labels} 3`);
    });
});
