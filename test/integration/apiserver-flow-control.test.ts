import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1FlowSchema } from '../../src/api/meta/object.ts';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { FlowControlConfigController } from '../../src/components/apiserver/flow-control/config-controller.ts';
import type { KeyPair } from '../../src/pki/authority.ts';
import { systemClock } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { ApiServerFixture, type Reply } from './apiserver/fixture.ts';
import { eventually } from './support/api-server.ts';

const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
/** Writes of jane's config maps are held up, as by a slow disk or webhook, until the gate opens. */
const gate = {
    entered: 0,
    open: (): void => undefined,
    opened: Promise.resolve(),
    close(): void {
        this.opened = new Promise((resolve) => {
            this.open = resolve;
        });
    },
};
const slow: AdmissionPlugin = {
    name: 'Slow',
    handles: ({ definition, name }) => definition.plural === 'configmaps' && name.startsWith('jane-'),
    mutate: async () => {
        gate.entered++;
        await gate.opened;
    },
};

async function inParallel(count: number, call: (index: number) => Promise<Reply>): Promise<Reply[]> {
    return await Promise.all(Array.from({ length: count }, async (_, index) => await call(index)));
}

describe('API Priority and Fairness', () => {
    let fixture: ApiServerFixture;
    let objects: FlowControlConfigController;
    let user: KeyPair;
    let node: KeyPair;

    beforeAll(async () => {
        fixture = await ApiServerFixture.start({ flowControlSeats: 40, admission: [slow] });
        objects = new FlowControlConfigController({
            client: fixture.client,
            reader: fixture.caches,
            clock: systemClock,
            logger: silentLogger(),
        });
        await objects.start();
        user = await fixture.user('jane');
        node = await fixture.user('system:node:a', ['system:nodes']);
        await fixture.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
            body: {
                metadata: { name: 'everyone' },
                roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all' },
                subjects: [{ kind: 'Group', name: 'system:authenticated' }],
            },
        });
        await fixture.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
            body: {
                metadata: { name: 'all' },
                rules: [
                    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
                    { verbs: ['get'], nonResourceURLs: ['*'] },
                ],
            },
        });
        await fixture.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
    });

    afterAll(async () => {
        await objects.stop();
        await fixture.stop();
    });

    it('has the mandatory and suggested objects, annotated, and says that no reference dangles', async () => {
        const schemas = (await fixture.call('GET', `${group}/flowschemas`)).json<{ items: V1FlowSchema[] }>();
        expect(schemas.items).toHaveLength(13);
        for (const { metadata } of schemas.items) {
            expect(metadata?.annotations).toEqual({ 'apf.kubernetes.io/autoupdate-spec': 'true' });
        }
        await eventually('conditions', async () => {
            const { items } = (await fixture.call('GET', `${group}/flowschemas`)).json<{
                items: V1FlowSchema[];
            }>();
            return items.every(({ status }) => status?.conditions?.[0]?.status === 'False');
        });
        const { stdout } = await fixture.kubectl('get', 'flowschemas', 'catch-all', '--no-headers');
        expect(stdout).toMatch(/^catch-all +catch-all +10000 +ByUser +\S+ +False\n$/);
    });

    it('says in headers how a request was classified', async () => {
        const { headers } = await fixture.call('GET', '/version', { as: user });
        const schema = (
            await fixture.call('GET', `${group}/flowschemas/global-default`)
        ).json<V1FlowSchema>();
        expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(schema.metadata?.uid);
        expect(headers['x-kubernetes-pf-prioritylevel-uid']).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('takes requests to a new schema and level, and jails who is given no seats', async () => {
        const level = await fixture.call('POST', `${group}/prioritylevelconfigurations`, {
            body: {
                metadata: { name: 'jail' },
                spec: {
                    type: 'Limited',
                    limited: { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } },
                },
            },
        });
        expect(level.status).toBe(201);
        const schema = await fixture.call('POST', `${group}/flowschemas`, {
            body: {
                metadata: { name: 'jail' },
                spec: {
                    matchingPrecedence: 9000,
                    priorityLevelConfiguration: { name: 'jail' },
                    rules: [
                        {
                            subjects: [{ kind: 'User', user: { name: 'mallory' } }],
                            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
                        },
                    ],
                },
            },
        });
        expect(schema.status).toBe(201);
        const { metadata } = schema.json<V1FlowSchema>();
        const { status, headers, text } = await fixture.call('GET', '/version', {
            as: await fixture.user('mallory'),
        });
        expect(status).toBe(429);
        expect(text).toBe('Too many requests, please try again later.\n');
        expect(headers).toMatchObject({
            'retry-after': '1',
            'content-type': 'text/plain; charset=utf-8',
            'x-kubernetes-pf-flowschema-uid': metadata?.uid,
        });
    });

    it('sheds the load of one user with 429 while nodes and administrators go on', async () => {
        const create = async (as: KeyPair | undefined, name: string): Promise<Reply> =>
            await fixture.call('POST', '/api/v1/namespaces/default/configmaps', {
                body: { metadata: { name } },
                ...(as === undefined ? {} : { as }),
            });
        const total = 60;
        let refused = 0;
        gate.close();
        const flood = inParallel(total, async (index) => {
            const reply = await create(user, `jane-${index}`);
            if (reply.status === 429) refused++;
            // What got seats is let go when all the others have been turned away.
            if (refused + gate.entered === total) gate.open();
            return reply;
        });
        await eventually('the seats are taken', () => Promise.resolve(gate.entered > 3));
        // While jane's requests hold or await all seats of their level, those of others go through.
        const others = await Promise.all([
            ...Array.from({ length: 5 }, async (_, index) => await create(node, `node-${index}`)),
            create(undefined, 'admin'),
        ]);
        expect(others.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 201));
        const codes = (await flood).map(({ status }) => status);
        const count = (code: number): number => codes.filter((one) => one === code).length;
        expect([count(429), count(201)]).toEqual([refused, gate.entered]);
        expect(refused).toBeGreaterThan(gate.entered);
    });

    it('counts what it did under upstream’s names', async () => {
        const { text } = await fixture.call('GET', '/metrics');
        for (const line of [
            /^apiserver_flowcontrol_rejected_requests_total\{flow_schema="global-default",priority_level="global-default",reason="(?:time-out|queue-full)"\} \d+$/m,
            /^apiserver_flowcontrol_dispatched_requests_total\{flow_schema="system-nodes",priority_level="system"\} 5$/m,
            /^apiserver_flowcontrol_nominal_limit_seats\{priority_level="jail"\} 0$/m,
            /^apiserver_flowcontrol_current_executing_requests\{flow_schema="exempt",priority_level="exempt"\} 1$/m,
            /^apiserver_flowcontrol_request_wait_duration_seconds_bucket\{execute="true",.*le="\+Inf"\} \d+$/m,
            /^apiserver_request_terminations_total\{verb="POST",.*resource="configmaps".*code="429"\} \d+$/m,
            /^apiserver_request_total\{verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",dry_run="",code="429"\} \d+$/m,
            /^apiserver_storage_objects\{resource="flowschemas\.flowcontrol\.apiserver\.k8s\.io"\} 14$/m,
            /^apiserver_current_inflight_requests\{request_kind="readOnly"\} 1$/m,
            /^process_resident_memory_bytes \d+$/m,
        ]) {
            expect(text).toMatch(line);
        }
    });

    it('shows its state to administrators', async () => {
        const dump = await fixture.call('GET', '/debug/api_priority_and_fairness/dump_priority_levels');
        expect(dump.text).toMatch(/^PriorityLevelName, +ActiveQueues, +IsIdle, /);
        expect(dump.text).toMatch(/^exempt, +0, +false, +false, +0, +1, /m);
        const queues = await fixture.call('GET', '/debug/api_priority_and_fairness/dump_queues');
        expect(queues.text.split('\n').filter((line) => line.startsWith('system,'))).toHaveLength(64);
    });

    it('brings a mandatory object back, and leaves alone what an administrator took over', async () => {
        const refused = await fixture.call('PATCH', `${group}/flowschemas/exempt`, {
            body: { spec: { matchingPrecedence: 7 } },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        expect(refused.status).toBe(422);
        expect(refused.text).toContain("spec of 'exempt' must equal the fixed value");
        await fixture.call('PATCH', `${group}/flowschemas/probes`, {
            body: {
                metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } },
                spec: { matchingPrecedence: 77 },
            },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        await fixture.call('DELETE', `${group}/flowschemas/catch-all`);
        const again = new FlowControlConfigController({
            client: fixture.client,
            reader: fixture.caches,
            clock: systemClock,
            logger: silentLogger(),
        });
        await again.start();
        await again.stop();
        expect((await fixture.call('GET', `${group}/flowschemas/catch-all`)).status).toBe(200);
        const probes = (await fixture.call('GET', `${group}/flowschemas/probes`)).json<V1FlowSchema>();
        expect(probes.spec?.matchingPrecedence).toBe(77);
    });

    it('says that a reference dangles', async () => {
        await fixture.call('PATCH', `${group}/flowschemas/jail`, {
            body: { spec: { priorityLevelConfiguration: { name: 'missing' } } },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        const condition = await eventually('the condition', async () => {
            const { status } = (await fixture.call('GET', `${group}/flowschemas/jail`)).json<V1FlowSchema>();
            return status?.conditions?.find(({ type, status: is }) => type === 'Dangling' && is === 'True');
        });
        expect(condition).toMatchObject({
            reason: 'NotFound',
            message:
                'This FlowSchema references the PriorityLevelConfiguration object named "missing" but there is no such object',
        });
    });

    it('refuses invalid objects in upstream’s words', async () => {
        const { status, text } = await fixture.call('POST', `${group}/prioritylevelconfigurations`, {
            body: {
                metadata: { name: 'x' },
                spec: {
                    type: 'Limited',
                    limited: {
                        nominalConcurrencyShares: -1,
                        lendablePercent: 101,
                        limitResponse: { type: 'Queue', queuing: { queues: 512, handSize: 8 } },
                    },
                },
            },
        });
        expect(status).toBe(422);
        for (const part of [
            'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
            'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
            'required entropy bits of deckSize 512 and handSize 8 should not be greater than 60',
        ]) {
            expect(text).toContain(part);
        }
    });
});
