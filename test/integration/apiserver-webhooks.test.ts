import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AdmissionMetrics, createAdmission } from '../../src/components/apiserver/admission/index.ts';
import type { Client } from '../../src/client/client.ts';
import { renderMetrics } from '../../src/store/etcd/server/http/metric.ts';
import { namespaces, services } from '../../src/client/resource-type.ts';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { podConnectionHandlers } from '../../src/components/apiserver/node-proxy/pod-connections.ts';
import type { ResourceHandler } from '../../src/components/apiserver/extensions.ts';
import { MemoryReader } from '../../src/components/apiserver/testing/memory-reader.ts';
import { ApiServerFixture, type Reply as ApiReply } from './apiserver/fixture.ts';
import { patch, type Reply, WebhookServer, type AskedReview } from './support/webhook-server.ts';

let api: ApiServerFixture;
let hooks: WebhookServer;
const replies: Record<string, (review: AskedReview) => Reply | Promise<Reply>> = {};
const metrics = new AdmissionMetrics();

const group = '/apis/admissionregistration.k8s.io/v1';
const podRule = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods', 'pods/*'] };
const mapRule = { ...podRule, resources: ['configmaps'] };
const mine = { matchLabels: { 'test/webhooks': 'yes' } };

interface Hook {
    name?: string;
    path: string;
    [field: string]: unknown;
}

const hook = ({ name = 'hook.example.com', path, ...more }: Hook): object => ({
    name,
    clientConfig: { url: hooks.url(path), caBundle: hooks.caBundle },
    rules: [mapRule],
    namespaceSelector: mine,
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    ...more,
});
const configure = async (
    kind: 'validating' | 'mutating',
    name: string,
    ...webhooks: Hook[]
): Promise<void> => {
    const made = await api.call('POST', `${group}/${kind}webhookconfigurations`, {
        body: { metadata: { name }, webhooks: webhooks.map(hook) },
    });
    expect({ status: made.status, text: made.text }).toMatchObject({ status: 201 });
};
const maps = '/api/v1/namespaces/hooked/configmaps';
const createMap = async (name: string, data: Record<string, string> = {}, query = '') =>
    await api.call('POST', `${maps}${query}`, { body: { metadata: { name }, data } });
const message = (reply: ApiReply): string => reply.json<{ message: string }>().message;

beforeAll(async () => {
    hooks = await WebhookServer.start(replies);
    const holder: { client?: Client } = {};
    const plugins: AdmissionPlugin[] = [];
    const connections: ResourceHandler[] = [];
    api = await ApiServerFixture.start({ admission: plugins, extensions: { resources: connections } });
    holder.client = api.client;
    plugins.push(
        ...createAdmission({
            reader: api.caches,
            client: () => api.client,
            enable: [],
            disable: ['ServiceAccount'],
            definitions: () => api.caches.definitions(),
            metrics,
        }),
    );
    connections.push(...podConnectionHandlers(new MemoryReader(), { cert: '', key: '', ca: '' }));
    const labels = { 'test/webhooks': 'yes' };
    await api.client.resource(namespaces).create({ metadata: { name: 'hooked', labels } });
    await api.client.resource(namespaces).create({ metadata: { name: 'free' } });
});

afterAll(async () => {
    await api.stop();
    await hooks.stop();
});

beforeEach(() => {
    hooks.asked.length = 0;
});

afterEach(async () => {
    for (const kind of ['validating', 'mutating'])
        await api.call('DELETE', `${group}/${kind}webhookconfigurations`);
    await api.call('DELETE', maps);
});

describe('validating webhooks', () => {
    it('deny creates, updates and deletes in the words of the webhook', async () => {
        await createMap('old');
        replies['/deny'] = () => ({
            allowed: false,
            status: { message: 'the map contains unwanted key', reason: 'Forbidden', code: 403 },
        });
        await configure('validating', 'deny', { path: '/deny', name: 'deny.example.com' });
        const created = await createMap('a', { k: 'v' });
        expect(created.status).toBe(403);
        expect(created.json()).toMatchObject({
            reason: 'Forbidden',
            message: 'admission webhook "deny.example.com" denied the request: the map contains unwanted key',
        });
        const put = await api.call('PUT', `${maps}/old`, {
            body: { metadata: { name: 'old' }, data: { a: 'b' } },
        });
        expect(put.status).toBe(403);
        const merge = { 'content-type': 'application/merge-patch+json' };
        const patched = await api.call('PATCH', `${maps}/old`, {
            body: { data: { a: 'b' } },
            headers: merge,
        });
        expect(patched.status).toBe(403);
        const deleted = await api.call('DELETE', `${maps}/old`);
        expect(deleted.status).toBe(403);
        const [first, second, , last] = hooks.asked.map(({ review }) => review.request);
        expect(first).toMatchObject({ operation: 'CREATE', name: 'a', namespace: 'hooked', oldObject: null });
        expect(second).toMatchObject({ operation: 'UPDATE', oldObject: { metadata: { name: 'old' } } });
        expect(last).toMatchObject({
            operation: 'DELETE',
            object: null,
            oldObject: { metadata: { name: 'old' } },
            options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
        });
        const shown = await api.kubectl('-n', 'hooked', 'create', 'configmap', 'b');
        expect(shown.stderr).toBe(
            'error: failed to create configmap: admission webhook "deny.example.com" denied the request: the map contains unwanted key\n',
        );
        await api.call('DELETE', `${group}/validatingwebhookconfigurations/deny`);
    });

    it('are asked with the whole review, and not of other namespaces, objects or resources', async () => {
        replies['/allow'] = () => ({ allowed: true });
        await configure('validating', 'allow', {
            path: '/allow',
            objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
            timeoutSeconds: 7,
        });
        const query = '?fieldManager=tests&fieldValidation=Strict';
        const created = await createMap('whole', { k: 'v' }, query);
        expect(created.status).toBe(201);
        await api.call('POST', '/api/v1/namespaces/free/configmaps', { body: { metadata: { name: 'x' } } });
        await api.call('POST', maps, { body: { metadata: { name: 'skipped', labels: { skip: '' } } } });
        await api.call('POST', '/api/v1/namespaces/hooked/secrets', { body: { metadata: { name: 's' } } });
        expect(hooks.asked).toHaveLength(1);
        const [{ path, review }] = hooks.asked as [{ path: string; review: AskedReview }];
        expect(path).toBe('/allow?timeout=7s');
        expect(review).toMatchObject({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' });
        expect(review.request).toMatchObject({
            uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
            kind: { group: '', version: 'v1', kind: 'ConfigMap' },
            resource: { group: '', version: 'v1', resource: 'configmaps' },
            requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
            requestResource: { group: '', version: 'v1', resource: 'configmaps' },
            name: 'whole',
            namespace: 'hooked',
            operation: 'CREATE',
            userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
            object: { kind: 'ConfigMap', apiVersion: 'v1', data: { k: 'v' } },
            oldObject: null,
            dryRun: false,
            options: {
                kind: 'CreateOptions',
                apiVersion: 'meta.k8s.io/v1',
                fieldManager: 'tests',
                fieldValidation: 'Strict',
            },
        });
        expect(review.request).not.toHaveProperty('subResource');
    });

    it('say no without explanation, and with a code that is none', async () => {
        replies['/silent'] = () => ({ allowed: false, status: { code: 200 } });
        await configure('validating', 'silent', { path: '/silent' });
        const created = await createMap('a');
        expect(created.status).toBe(400);
        expect(message(created)).toBe(
            'admission webhook "hook.example.com" denied the request without explanation',
        );
        expect(renderMetrics(await metrics.source())).toContain(
            'apiserver_admission_webhook_rejection_count{name="hook.example.com",type="validating",operation="CREATE",error_type="no_error",rejection_code="400"} 1',
        );
    });

    it('that cannot be asked fail the request or are ignored, as their policy says', async () => {
        replies['/slow'] = async () => {
            await new Promise((resolve) => setTimeout(resolve, 3000));
            return { allowed: true };
        };
        await configure('validating', 'slow', { path: '/slow', timeoutSeconds: 1 });
        const slow = await createMap('slow');
        expect(slow.status).toBe(500);
        expect(slow.json()).toMatchObject({
            reason: 'InternalError',
            message: `Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "${hooks.url('/slow?timeout=1s')}": context deadline exceeded`,
        });
        await api.call('DELETE', `${group}/validatingwebhookconfigurations/slow`);
        await configure('validating', 'slow', { path: '/slow', timeoutSeconds: 1, failurePolicy: 'Ignore' });
        expect((await createMap('slow')).status).toBe(201);
        const counted = renderMetrics(await metrics.source());
        expect(counted).toContain('error_type="calling_webhook_error",rejection_code="0"} 1');
        expect(counted).toContain(
            'apiserver_admission_webhook_fail_open_count{name="hook.example.com",type="validating"} 1',
        );
        await api.call('DELETE', `${group}/validatingwebhookconfigurations/slow`);
        const untrusted = { url: hooks.url('/slow') };
        await configure('validating', 'untrusted', { path: '/', clientConfig: untrusted });
        expect(message(await createMap('untrusted'))).toContain(
            'tls: failed to verify certificate: x509: certificate signed by unknown authority',
        );
    });

    it.each([
        [{ uid: 'other', allowed: true }, 'expected response.uid="'],
        [
            { allowed: true, patch: 'W10=', patchType: 'JSONPatch' },
            'validating webhook may not return response.patch',
        ],
        [
            { raw: { body: '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}' } },
            'webhook response was absent',
        ],
        [
            { raw: { status: 302, headers: { location: '/allow' }, body: '' } },
            'the server responded with the status code 302',
        ],
        [
            { raw: { status: 500, body: 'oops' } },
            'an error on the server ("oops") has prevented the request from succeeding',
        ],
        [{ raw: { body: 'no json' } }, "couldn't get version/kind; json parse error"],
    ])('answer something useless: %j', async (reply, expected) => {
        replies['/useless'] = () => reply;
        replies['/allow'] = () => ({ allowed: true });
        await configure('validating', 'useless', { path: '/useless' });
        const created = await createMap('useless');
        expect(created.status).toBe(500);
        expect(message(created)).toContain(expected);
        expect(hooks.asked).toHaveLength(1);
    });

    it('warn the client, within bounds', async () => {
        const warnings = ['careful', ...Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(400, 'x'))];
        replies['/warn'] = () => ({ allowed: true, warnings });
        await configure('validating', 'warn', { path: '/warn' });
        const created = await createMap('warned');
        const header = String(created.headers['warning']);
        expect(header).toContain('299 - "careful"');
        expect(header.length).toBeLessThan(5000);
        const shown = await api.kubectl('-n', 'hooked', 'create', 'configmap', 'b');
        expect(shown.stderr).toContain('Warning: careful');
    });

    it('run in parallel over connections that are kept', async () => {
        let running = 0;
        let most = 0;
        replies['/parallel'] = async () => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setTimeout(resolve, 100));
            running--;
            return { allowed: true };
        };
        await configure(
            'validating',
            'parallel',
            { path: '/parallel', name: 'a.example.com' },
            { path: '/parallel', name: 'b.example.com' },
        );
        await createMap('one');
        const { connections } = hooks;
        await createMap('two');
        expect(most).toBe(2);
        expect(hooks.connections).toBe(connections);
        const text = renderMetrics(await metrics.source());
        expect(text).toContain(
            'apiserver_admission_webhook_admission_duration_seconds_count{name="a.example.com",operation="CREATE",rejected="false",type="validating"} 2',
        );
    });

    it('are not called for dry runs when they have side effects elsewhere', async () => {
        replies['/deny'] = () => ({ allowed: false });
        await configure('validating', 'dry', { path: '/deny', sideEffects: 'NoneOnDryRun' });
        expect((await createMap('dry', {}, '?dryRun=All')).status).toBe(400);
        expect(hooks.asked[0]?.review.request).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } });
    });

    it('see namespaces by their own labels, and connections to pods', async () => {
        replies['/deny'] = () => ({ allowed: false, status: { message: 'no' } });
        await configure('validating', 'all', {
            path: '/deny',
            rules: [{ ...mapRule, resources: ['namespaces', 'pods/exec'] }],
        });
        const other = await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'other' } } });
        expect(other.status).toBe(201);
        const labelled = { metadata: { name: 'labelled', labels: { 'test/webhooks': 'yes' } } };
        expect((await api.call('POST', '/api/v1/namespaces', { body: labelled })).status).toBe(400);
        const exec = await api.call('POST', '/api/v1/namespaces/hooked/pods/p/exec?command=sh&stdin=true');
        expect(message(exec)).toBe('admission webhook "hook.example.com" denied the request: no');
        expect(hooks.asked.map(({ review }) => review.request)).toMatchObject([
            { kind: { kind: 'Namespace' }, name: 'labelled', namespace: 'labelled' },
            {
                operation: 'CONNECT',
                kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
                subResource: 'exec',
                name: 'p',
                object: { kind: 'PodExecOptions', stdin: true, stdout: true, command: ['sh'] },
            },
        ]);
    });

    it('never see the configurations of webhooks', async () => {
        replies['/deny'] = () => ({ allowed: false });
        const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
        await configure('validating', 'everything', { path: '/deny', rules, namespaceSelector: {} });
        await configure('validating', 'another', { path: '/deny' });
        const removed = await api.call('DELETE', `${group}/validatingwebhookconfigurations/everything`);
        expect(removed.status).toBe(200);
        expect(hooks.asked).toHaveLength(0);
    });

    it('see a scale as a Scale', async () => {
        const template = {
            metadata: { labels: { a: 'b' } },
            spec: { containers: [{ name: 'c', image: 'i' }] },
        };
        const spec = { selector: { matchLabels: { a: 'b' } }, template };
        await api.call('POST', '/apis/apps/v1/namespaces/hooked/deployments', {
            body: { metadata: { name: 'web' }, spec },
        });
        replies['/deny'] = () => ({ allowed: false });
        const rules = [{ ...podRule, apiGroups: ['apps'], resources: ['deployments/scale'] }];
        await configure('validating', 'scale', { path: '/deny', rules });
        const body = { metadata: { name: 'web' }, spec: { replicas: 3 } };
        const scaled = await api.call('PUT', '/apis/apps/v1/namespaces/hooked/deployments/web/scale', {
            body,
        });
        expect(scaled.status).toBe(400);
        expect(hooks.asked[0]?.review.request).toMatchObject({
            kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
            resource: { group: 'apps', version: 'v1', resource: 'deployments' },
            subResource: 'scale',
            object: { kind: 'Scale', spec: { replicas: 3 } },
            oldObject: { kind: 'Scale', spec: { replicas: 1 } },
        });
    });

    it('get another version of the resource when they match that one, and nothing under Exact', async () => {
        replies['/deny'] = () => ({ allowed: false });
        const rules = [{ ...podRule, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }];
        const body = {
            metadata: { name: 'h' },
            spec: {
                maxReplicas: 3,
                scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
            },
        };
        const path = '/apis/autoscaling/v2/namespaces/hooked/horizontalpodautoscalers';
        await configure('validating', 'version', { path: '/deny', rules, matchPolicy: 'Exact' });
        expect((await api.call('POST', path, { body })).status).toBe(201);
        await api.call('DELETE', `${group}/validatingwebhookconfigurations/version`);
        await configure('validating', 'version', { path: '/deny', rules });
        const refused = await api.call('POST', path, { body: { ...body, metadata: { name: 'i' } } });
        expect(refused.status).toBe(400);
        expect(hooks.asked[0]?.review.request).toMatchObject({
            kind: { version: 'v1' },
            requestKind: { version: 'v2' },
            object: { apiVersion: 'autoscaling/v1' },
        });
    });
});

describe('mutating webhooks', () => {
    const add = (key: string, value: string) => patch([{ op: 'add', path: `/data/${key}`, value }]);
    const data = (reply: ApiReply) => reply.json<{ data: Record<string, string> }>().data;

    it('change objects one after the other, by the name of their configuration', async () => {
        replies['/one'] = () => add('stage-1', 'yes');
        replies['/two'] = ({ request }) => {
            const { data: seen = {} } = request.object as { data?: Record<string, string> };
            return seen['stage-1'] === 'yes' ? add('stage-2', 'yes') : { allowed: true };
        };
        await configure('mutating', 'b', { path: '/two' });
        await configure('mutating', 'a', { path: '/one' });
        const created = await createMap('m', { start: 'yes' });
        expect(data(created)).toEqual({ start: 'yes', 'stage-1': 'yes', 'stage-2': 'yes' });
    });

    it('have what they change decoded, pruned and defaulted', async () => {
        replies['/init'] = () =>
            patch([
                {
                    op: 'add',
                    path: '/spec/initContainers',
                    value: [{ name: 'added', image: 'i', nonsense: 1 }],
                },
                { op: 'add', path: '/metadata/uid', value: 'mine' },
            ]);
        await configure('mutating', 'pods', { path: '/init', rules: [podRule] });
        const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
        const created = await api.call('POST', '/api/v1/namespaces/hooked/pods', { body });
        expect(created.status).toBe(201);
        const pod = created.json<{
            metadata: { uid: string };
            spec: { initContainers: Record<string, unknown>[] };
        }>();
        expect(pod.metadata.uid).not.toBe('mine');
        expect(pod.spec.initContainers[0]).toMatchObject({
            name: 'added',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'Always',
        });
        expect(pod.spec.initContainers[0]).not.toHaveProperty('nonsense');
        const update = { 'content-type': 'application/merge-patch+json' };
        replies['/init'] = () => patch([{ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } }]);
        const path = '/api/v1/namespaces/hooked/pods/p';
        const annotations = { metadata: { annotations: { a: 'b' } } };
        const patched = await api.call('PATCH', path, { body: annotations, headers: update });
        expect(patched.json()).toMatchObject({ metadata: { labels: { seen: 'yes' }, name: 'p' } });
    });

    it('are asked again when a later one has changed the object, if they want that', async () => {
        const seen: string[] = [];
        const replyOf = (name: string) => (review: AskedReview) => {
            const { data: current = {} } = review.request.object as { data?: Record<string, string> };
            seen.push(`${name}:${Object.keys(current).sort().join('+')}`);
            return current[name] === undefined ? add(name, 'x') : { allowed: true };
        };
        replies['/a'] = replyOf('a');
        replies['/b'] = replyOf('b');
        await configure(
            'mutating',
            'again',
            { path: '/a', name: 'a.example.com', reinvocationPolicy: 'IfNeeded' },
            { path: '/b', name: 'b.example.com' },
        );
        expect(data(await createMap('m', { start: 'x' }))).toEqual({ start: 'x', a: 'x', b: 'x' });
        expect(seen).toEqual(['a:start', 'b:a+start', 'a:a+b+start']);
    });

    it.each([
        [patch([{ op: 'replace', path: '/data', value: 5 }]), 500, 'cannot unmarshal number'],
        [patch([{ op: 'remove', path: '/nowhere' }]), 500, 'Internal error occurred'],
        [{ allowed: true, patch: 'W10=' }, 500, 'webhook returned response.patch but not response.patchType'],
        [{ allowed: true, patchType: 'Other', patch: 'W3t9XQ==' }, 500, 'unsupported patch type "Other"'],
        [{ allowed: false, status: { message: 'no' } }, 400, 'denied the request: no'],
    ])('fail the request with what cannot be applied: %j', async (reply, status, expected) => {
        replies['/bad'] = () => reply;
        await configure('mutating', 'bad', { path: '/bad' });
        const created = await createMap('m', { start: 'x' });
        expect({ status: created.status, text: message(created) }).toMatchObject({
            status,
            text: expect.stringContaining(expected),
        });
    });

    it('cannot change what is deleted', async () => {
        await createMap('gone');
        replies['/patch'] = () => patch([{ op: 'add', path: '/data', value: {} }]);
        await configure('mutating', 'deletions', {
            path: '/patch',
            rules: [{ ...mapRule, operations: ['DELETE'] }],
        });
        const deleted = await api.call('DELETE', `${maps}/gone`);
        expect(message(deleted)).toContain(
            'admission webhook "hook.example.com" attempted to modify the object, which is not supported for this operation',
        );
    });
});

describe('webhook configurations', () => {
    it('get their defaults', async () => {
        await configure('mutating', 'defaults', { path: '/x', namespaceSelector: undefined });
        const got = await api.call('GET', `${group}/mutatingwebhookconfigurations/defaults`);
        expect(got.json()).toMatchObject({
            metadata: { generation: 1 },
            webhooks: [
                {
                    failurePolicy: 'Fail',
                    matchPolicy: 'Equivalent',
                    timeoutSeconds: 10,
                    reinvocationPolicy: 'Never',
                    namespaceSelector: {},
                    objectSelector: {},
                    rules: [{ scope: '*' }],
                },
            ],
        });
    });

    it.each<[Partial<Hook>, string]>([
        [
            { name: 'short' },
            'webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots',
        ],
        [
            { timeoutSeconds: 31 },
            'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
        ],
        [
            { sideEffects: 'Some' },
            'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        ],
        [
            { clientConfig: { url: 'http://a' } },
            `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
        ],
        [
            { clientConfig: {} },
            'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
        ],
        [
            { rules: [{ ...mapRule, resources: ['*', 'pods'] }] },
            `webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
        ],
        [
            { rules: [{ ...mapRule, operations: ['*', 'CREATE'] }] },
            `if '*' is present, must not specify other operations`,
        ],
        [{ admissionReviewVersions: ['v2'] }, 'must include at least one of v1, v1beta1'],
        [
            { matchConditions: [{ name: 'c', expression: 'true' }] },
            'webhooks[0].matchConditions[0].expression: Forbidden: expressions are not evaluated by this API server',
        ],
    ])('are refused: %j', async (change, expected) => {
        const body = { metadata: { name: 'bad' }, webhooks: [hook({ path: '/x', ...change })] };
        const made = await api.call('POST', `${group}/validatingwebhookconfigurations`, { body });
        expect({ status: made.status, text: message(made) }).toEqual({
            status: 422,
            text: expect.stringContaining(expected),
        });
    });

    it('reach services by their cluster address, under the name of the service', async () => {
        replies['/allow'] = () => ({ allowed: true });
        const service = (path: string, port: number) => ({
            service: { namespace: 'default', name: 'hook', path, port },
            caBundle: hooks.caBundle,
        });
        await configure('validating', 'service', { path: '', clientConfig: service('/allow', hooks.port) });
        expect(message(await createMap('early'))).toContain(
            `Post "https://hook.default.svc:${hooks.port}/allow?timeout=10s": service "hook" not found`,
        );
        const spec = { clusterIP: '127.0.0.1', clusterIPs: ['127.0.0.1'], ports: [{ port: hooks.port }] };
        await api.client.resource(namespaces).create({ metadata: { name: 'default' } });
        await api.client
            .resource(services)
            .create({ metadata: { name: 'hook', namespace: 'default' }, spec });
        const created = await createMap('late');
        expect({ status: created.status, text: created.text }).toMatchObject({ status: 201 });
        expect(hooks.asked.at(-1)?.path).toBe('/allow?timeout=10s');
    });
});
