import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditor } from '../../src/components/apiserver/audit/create-auditor.ts';
import type { AuditEvent } from '../../src/components/apiserver/audit/event.ts';
import { systemClock } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
  - level: None
    nonResourceURLs: ["/version*"]
  - level: Metadata
    resources: [{ group: "", resources: [secrets] }]
  - level: RequestResponse
    verbs: [create, patch, delete]
  - level: Metadata
    omitStages: []
`;

let directory: string;
let fixture: ApiServerFixture;

async function start(): Promise<void> {
    directory = await mkdtemp(join(tmpdir(), 'hyperkube-audit-'));
    const policyFile = join(directory, 'policy.yaml');
    await writeFile(policyFile, policy);
    const auditor = await createAuditor(
        {
            policyFile,
            logPath: join(directory, 'audit.log'),
            logMaxAgeDays: 0,
            logMaxBackups: 0,
            logMaxSizeMegabytes: 0,
            webhookConfigFile: '',
        },
        { clock: systemClock, logger: silentLogger() },
    );
    fixture = await ApiServerFixture.start({ ...(auditor === undefined ? {} : { auditor }) });
}

/** Stops the server, so that everything is written. */
async function eventsOf(): Promise<AuditEvent[]> {
    await fixture.stop();
    const text = await readFile(join(directory, 'audit.log'), 'utf8');
    return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditEvent);
}

afterEach(async () => {
    await rm(directory, { recursive: true });
});

describe('the audit log', () => {
    it('has each request as the policy says, with upstream’s fields', async () => {
        await start();
        await fixture.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
        await fixture.call('GET', '/version');
        await fixture.call('POST', '/api/v1/namespaces/default/secrets', {
            body: { metadata: { name: 's' }, stringData: { password: 'hunter2' } },
        });
        const created = await fixture.call('POST', '/api/v1/namespaces/default/configmaps?fieldManager=me', {
            body: { metadata: { name: 'c' }, data: { a: '1' } },
            headers: { 'user-agent': 'test/1', 'audit-id': 'my-id' },
        });
        expect(created.headers['audit-id']).toBe('my-id');
        const user = await fixture.user('jane');
        await fixture.call('GET', '/api/v1/namespaces/default/configmaps/c', { as: user });
        await fixture.call('GET', '/api/v1/nodes', {
            headers: { 'impersonate-user': 'joe', 'x-forwarded-for': '10.0.0.9' },
        });
        await fixture.call('GET', '/api/v1/nodes', { as: null, headers: { authorization: 'Bearer wrong' } });
        const events = await eventsOf();
        const about = (path: string): AuditEvent | undefined =>
            events.find(({ requestURI }) => requestURI.startsWith(path));

        expect(events.some(({ requestURI }) => requestURI === '/version')).toBe(false);
        expect(JSON.stringify(events)).not.toContain('hunter2');
        expect(about('/api/v1/namespaces/default/secrets')).toMatchObject({
            level: 'Metadata',
            objectRef: { resource: 'secrets', namespace: 'default', name: 's', apiVersion: 'v1' },
            responseStatus: { code: 201 },
        });
        expect(about('/api/v1/namespaces/default/configmaps?')).toEqual({
            kind: 'Event',
            apiVersion: 'audit.k8s.io/v1',
            level: 'RequestResponse',
            auditID: 'my-id',
            stage: 'ResponseComplete',
            requestURI: '/api/v1/namespaces/default/configmaps?fieldManager=me',
            verb: 'create',
            user: {
                username: 'admin',
                groups: ['system:masters', 'system:authenticated'],
                extra: expect.anything(),
            },
            sourceIPs: ['127.0.0.1'],
            userAgent: 'test/1',
            objectRef: { resource: 'configmaps', namespace: 'default', name: 'c', apiVersion: 'v1' },
            responseStatus: { metadata: {}, code: 201 },
            requestObject: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c' }, data: { a: '1' } },
            responseObject: expect.objectContaining({ kind: 'ConfigMap', data: { a: '1' } }),
            requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/),
            stageTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/),
            annotations: {
                'authorization.k8s.io/decision': 'allow',
                'authorization.k8s.io/reason': expect.any(String),
            },
        });
        expect(about('/api/v1/namespaces/default/configmaps/c')).toMatchObject({
            user: { username: 'jane' },
            responseStatus: { status: 'Failure', reason: 'Forbidden', code: 403 },
            annotations: { 'authorization.k8s.io/decision': 'forbid' },
        });
        expect(about('/api/v1/nodes')).toMatchObject({
            user: { username: 'admin' },
            impersonatedUser: { username: 'joe' },
            authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
            sourceIPs: ['10.0.0.9', '127.0.0.1'],
            responseStatus: { code: 403 },
        });
        expect(events.find(({ responseStatus }) => responseStatus?.code === 401)).toMatchObject({
            stage: 'ResponseStarted',
            user: {},
            responseStatus: { reason: 'Unauthorized' },
        });
    });

    it('has objects as the server understood them, before anybody changed them', async () => {
        await start();
        await fixture.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
        const spec = { containers: [{ name: 'c', image: 'i' }] };
        const path = '/api/v1/namespaces/default/pods';
        await fixture.call('POST', path, { body: { metadata: { generateName: 'p-' }, spec } });
        const maps = '/api/v1/namespaces/default/configmaps';
        const made = await fixture.call('POST', maps, { body: { metadata: { name: 'c' } } });
        const { metadata } = made.json<{ metadata: { uid: string; resourceVersion: string } }>();
        await fixture.call('PUT', `${maps}/c`, { body: { metadata: { ...metadata, name: 'c' } } });
        const merge = { 'content-type': 'application/merge-patch+json' };
        await fixture.call('PATCH', `${maps}/c`, { body: { data: { a: '1' } }, headers: merge });
        await fixture.call('DELETE', `${maps}/c`, { body: { gracePeriodSeconds: 0 } });
        const events = await eventsOf();
        const of = (verb: string, resource: string): AuditEvent | undefined =>
            events.find((event) => event.verb === verb && event.objectRef?.['resource'] === resource);

        expect(of('create', 'pods')).toMatchObject({
            requestObject: {
                kind: 'Pod',
                apiVersion: 'v1',
                metadata: { generateName: 'p-' },
                spec: { restartPolicy: 'Always', containers: [{ imagePullPolicy: 'Always' }] },
            },
        });
        expect(of('create', 'pods')?.objectRef).not.toHaveProperty('name');
        expect(of('create', 'pods')?.requestObject).not.toHaveProperty('metadata.uid');
        expect(of('update', 'configmaps')).toMatchObject({
            level: 'Metadata',
            objectRef: { name: 'c', uid: metadata.uid, resourceVersion: metadata.resourceVersion },
        });
        expect(of('patch', 'configmaps')?.requestObject).toEqual({ data: { a: '1' } });
        expect(of('delete', 'configmaps')?.requestObject).toEqual({
            kind: 'DeleteOptions',
            apiVersion: 'v1',
            gracePeriodSeconds: 0,
        });
    });

    it('says that a version is deprecated, and so do the metrics', async () => {
        await start();
        await fixture.call('GET', '/api/v1/componentstatuses');
        await fixture.call('GET', '/api/v1/nodes');
        const { text } = await fixture.call('GET', '/metrics');
        const events = await eventsOf();
        expect(text.match(/^apiserver_requested_deprecated_apis.*$/gm)).toEqual([
            'apiserver_requested_deprecated_apis{group="",version="v1",resource="componentstatuses",subresource="",removed_release=""} 1',
        ]);
        const about = (resource: string): AuditEvent | undefined =>
            events.find(({ objectRef }) => objectRef?.['resource'] === resource);
        expect(about('componentstatuses')?.annotations).toMatchObject({ 'k8s.io/deprecated': 'true' });
        expect(about('nodes')?.annotations).not.toHaveProperty(['k8s.io/deprecated']);
    });

    it('has the event of a request before its answer is sent', async () => {
        await start();
        await fixture.call('GET', '/api/v1/nodes');
        const written = await readFile(join(directory, 'audit.log'), 'utf8');
        await fixture.stop();
        expect(written).toContain('"requestURI":"/api/v1/nodes"');
    });

    it('has the beginning and the end of a watch', async () => {
        await start();
        const watch = await fixture.watch('/api/v1/configmaps?watch=1');
        watch.close();
        await new Promise((resolve) => setTimeout(resolve, 50));
        const watched = (await eventsOf()).filter(({ verb }) => verb === 'watch');
        expect(watched.map(({ stage }) => stage)).toEqual(['ResponseStarted', 'ResponseComplete']);
        expect(new Set(watched.map(({ auditID }) => auditID)).size).toBe(1);
    });
});
