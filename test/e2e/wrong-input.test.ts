import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1Status } from '../../src/api/meta/object.ts';
import { Cluster } from '../harness/cluster.ts';
import { Kubectl } from '../harness/kubectl.ts';
import { expectNothingLeft } from '../harness/leftovers.ts';

let cluster: Cluster;
let kubectl: Kubectl;

beforeAll(async () => {
    cluster = await Cluster.create({ args: ['--disable', 'kubelet,proxy,scheduler'], nodeless: true });
    kubectl = new Kubectl(cluster);
}, 120_000);

afterAll(async () => {
    await cluster.close();
    expectNothingLeft(cluster.machine);
}, 60_000);

const podsPath = '/api/v1/namespaces/default/pods';

interface Refusal {
    code: number;
    reason: string;
    message: string | RegExp;
}

const container = { name: 'main', image: 'busybox:local' };
const pod = (spec: object, metadata: object = { name: 'wrong' }): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec,
});

/** Everything there is in the namespace of the tests. */
async function everything(): Promise<string> {
    return await kubectl.ok('get pods,services,configmaps,deployments,events -o name --ignore-not-found');
}

/** Sends a body and expects a Status; and that nothing was written. */
async function expectRefusal(
    request: { path?: string; body: string | object; contentType?: string },
    refusal: Refusal,
): Promise<V1Status> {
    const before = await everything();
    const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
    const answer = await cluster.request('POST', request.path ?? podsPath, {
        body,
        ...(request.contentType === undefined ? {} : { contentType: request.contentType }),
    });
    const status = JSON.parse(answer.body) as V1Status;
    expect({ http: answer.status, ...status }).toMatchObject({
        http: refusal.code,
        apiVersion: 'v1',
        kind: 'Status',
        status: 'Failure',
        code: refusal.code,
        reason: refusal.reason,
    });
    if (typeof refusal.message === 'string') expect(status.message).toBe(refusal.message);
    else expect(status.message).toMatch(refusal.message);
    expect(await everything()).toBe(before);
    return status;
}

describe('wrong input is refused in the words of upstream, and nothing is written', () => {
    it('an unknown field, with strict validation', async () => {
        await expectRefusal(
            {
                path: `${podsPath}?fieldValidation=Strict`,
                body: pod({ containers: [{ ...container, imagePullPolice: 'Never' }] }),
            },
            {
                code: 400,
                reason: 'BadRequest',
                message:
                    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagePullPolice"',
            },
        );
    });

    it('an unknown field through kubectl', async () => {
        const input = JSON.stringify(pod({ containers: [container], hostNetwrok: true }));
        expect(await kubectl.refused('create -f -', { input })).toBe(
            'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.hostNetwrok"\n',
        );
    });

    it.each([
        ['128mi', "unable to parse quantity's suffix"],
        [
            '1_000',
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ],
    ])('the bad quantity %s', async (memory, problem) => {
        await expectRefusal(
            { body: pod({ containers: [{ ...container, resources: { limits: { memory } } }] }) },
            {
                code: 400,
                reason: 'BadRequest',
                message: `Pod in version "v1" cannot be handled as a Pod: ${problem}`,
            },
        );
    });

    it('a missing name', async () => {
        const status = await expectRefusal(
            { body: pod({ containers: [container] }, {}) },
            {
                code: 422,
                reason: 'Invalid',
                message: 'Pod "" is invalid: metadata.name: Required value: name or generateName is required',
            },
        );
        expect(status.details).toMatchObject({
            kind: 'Pod',
            causes: [{ reason: 'FieldValueRequired', field: 'metadata.name' }],
        });
    });

    it('a name that is no DNS name', async () => {
        await expectRefusal(
            { body: pod({ containers: [container] }, { name: 'Not_A_Name' }) },
            {
                code: 422,
                reason: 'Invalid',
                message:
                    /^Pod "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters/,
            },
        );
    });

    it('a duplicate name', async () => {
        await kubectl.ok('create configmap taken --from-literal=a=first');
        const configMap = {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'taken' },
            data: { a: 'x' },
        };
        const status = await expectRefusal(
            { path: '/api/v1/namespaces/default/configmaps', body: configMap },
            { code: 409, reason: 'AlreadyExists', message: 'configmaps "taken" already exists' },
        );
        expect(status.details).toEqual({ name: 'taken', kind: 'configmaps' });
        expect(await kubectl.ok('get configmap taken -o jsonpath={.data.a}')).toBe('first');
    });

    it('a namespace in the object that is not the one of the request', async () => {
        await expectRefusal(
            { body: pod({ containers: [container] }, { name: 'wrong', namespace: 'kube-system' }) },
            {
                code: 400,
                reason: 'BadRequest',
                message:
                    /the namespace of the provided object does not match the namespace sent on the request/,
            },
        );
    });

    it('a namespace that does not exist', async () => {
        await expectRefusal(
            { path: '/api/v1/namespaces/nowhere/pods', body: pod({ containers: [container] }) },
            { code: 404, reason: 'NotFound', message: 'namespaces "nowhere" not found' },
        );
    });

    it('ports out of range, all of them named', async () => {
        const status = await expectRefusal(
            {
                body: pod({
                    containers: [{ ...container, ports: [{ containerPort: 70_000, hostPort: -1 }] }],
                }),
            },
            {
                code: 422,
                reason: 'Invalid',
                message:
                    /spec\.containers\[0\]\.ports\[0\]\.containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive/,
            },
        );
        expect(status.details?.causes?.map(({ field }) => field).sort()).toEqual([
            'spec.containers[0].ports[0].containerPort',
            'spec.containers[0].ports[0].hostPort',
        ]);
    });

    it('a Service port and a node port out of range', async () => {
        const service = (ports: object[]) => ({
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'wrong' },
            spec: { type: 'NodePort', ports },
        });
        const path = '/api/v1/namespaces/default/services';
        await expectRefusal(
            { path, body: service([{ port: 0 }]) },
            {
                code: 422,
                reason: 'Invalid',
                message: /spec\.ports\[0\]\.port: Invalid value: 0: must be between 1 and 65535, inclusive/,
            },
        );
        await expectRefusal(
            { path, body: service([{ port: 80, nodePort: 80 }]) },
            {
                code: 422,
                reason: 'Invalid',
                message:
                    'Service "wrong" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
            },
        );
    });

    it('a pod without containers, and one with an unknown policy', async () => {
        await expectRefusal(
            { body: pod({ containers: [] }) },
            { code: 422, reason: 'Invalid', message: /spec\.containers: Required value/ },
        );
        await expectRefusal(
            { body: pod({ restartPolicy: 'Sometimes', containers: [container] }) },
            {
                code: 422,
                reason: 'Invalid',
                message:
                    /spec\.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"/,
            },
        );
    });

    it('a selector that does not match the template', async () => {
        const deployment = {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'wrong' },
            spec: {
                selector: { matchLabels: { app: 'a' } },
                template: { metadata: { labels: { app: 'b' } }, spec: { containers: [container] } },
            },
        };
        await expectRefusal(
            { path: '/apis/apps/v1/namespaces/default/deployments', body: deployment },
            {
                code: 422,
                reason: 'Invalid',
                message:
                    /spec\.template\.metadata\.labels: Invalid value: .*: `selector` does not match template `labels`/,
            },
        );
    });

    it('a value of the wrong type', async () => {
        await expectRefusal(
            { body: pod({ containers: [container], terminationGracePeriodSeconds: 'soon' }) },
            {
                code: 400,
                reason: 'BadRequest',
                message:
                    /cannot unmarshal string into Go struct field PodSpec\.spec\.terminationGracePeriodSeconds of type int64/,
            },
        );
    });

    it('the wrong kind for the path', async () => {
        await expectRefusal(
            { body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'wrong' }, spec: {} } },
            {
                code: 400,
                reason: 'BadRequest',
                message:
                    'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion',
            },
        );
    });

    it('a body of 2 MB in one ConfigMap', async () => {
        const body = {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'big' },
            data: { a: 'x'.repeat(2 << 20) },
        };
        await expectRefusal(
            { path: '/api/v1/namespaces/default/configmaps', body },
            {
                code: 422,
                reason: 'Invalid',
                message: /^ConfigMap "big" is invalid: .*Too long: may not be more than 1048576 bytes/,
            },
        );
    });

    it('a body over the limit of 3 MB', async () => {
        await expectRefusal(
            { body: 'x'.repeat(4 << 20) },
            {
                code: 413,
                reason: 'RequestEntityTooLarge',
                message: 'Request entity too large: limit is 3145728',
            },
        );
    });

    it('broken JSON', async () => {
        await expectRefusal(
            { body: '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"wrong"' },
            { code: 400, reason: 'BadRequest', message: /unexpected (end of JSON input|EOF)/ },
        );
    });

    it('broken YAML', async () => {
        await expectRefusal(
            { body: 'apiVersion: v1\nkind: Pod\n  metadata: [\n', contentType: 'application/yaml' },
            { code: 400, reason: 'BadRequest', message: /yaml: line \d/ },
        );
    });

    it('a media type that nobody speaks', async () => {
        await expectRefusal(
            { body: '<pod/>', contentType: 'text/xml' },
            {
                code: 415,
                reason: 'UnsupportedMediaType',
                message: /the body of the request was in an unknown format/,
            },
        );
    });

    it('an update with an old resourceVersion', async () => {
        await kubectl.ok('create configmap raced --from-literal=a=1');
        const path = '/api/v1/namespaces/default/configmaps/raced';
        const old = (await cluster.request('GET', path)).body;
        await kubectl.ok('label configmap raced changed=yes');
        const answer = await cluster.request('PUT', path, { body: old });
        expect(JSON.parse(answer.body)).toMatchObject({
            code: 409,
            reason: 'Conflict',
            message:
                'Operation cannot be fulfilled on configmaps "raced": the object has been modified; please apply your changes to the latest version and try again',
        });
        expect(await kubectl.ok('get configmap raced -o jsonpath={.metadata.labels.changed}')).toBe('yes');
    });

    it('a change of what may not change', async () => {
        const labels = { app: 'fixed' };
        await kubectl.send('create', {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'fixed' },
            spec: {
                replicas: 0,
                selector: { matchLabels: labels },
                template: { metadata: { labels }, spec: { containers: [container] } },
            },
        });
        const patch = JSON.stringify({ spec: { selector: { matchLabels: { app: 'other' } } } });
        expect(await kubectl.refused(['patch', 'deployment', 'fixed', '--type=merge', '-p', patch])).toMatch(
            /The Deployment "fixed" is invalid:[^]*spec\.selector: Invalid value: .*: field is immutable/,
        );
    });

    it('broken YAML through kubectl is refused before it is sent', async () => {
        expect(await kubectl.refused('create -f -', { input: 'kind: Pod\n\tmetadata: {' })).toMatch(
            /error (parsing|converting)/i,
        );
    });

    it('paths, verbs and resources that do not exist', async () => {
        expect(await kubectl.refused('get unicorns')).toBe(
            'error: the server doesn\'t have a resource type "unicorns"\n',
        );
        const missing = await cluster.request('GET', '/apis/nothing.example/v1/things');
        expect(missing.status).toBe(404);
        const wrongVerb = await cluster.request('POST', `${podsPath}/some-pod`, { body: '{}' });
        expect(wrongVerb.status).toBe(405);
        expect(JSON.parse(wrongVerb.body)).toMatchObject({ kind: 'Status', reason: 'MethodNotAllowed' });
    });
});
