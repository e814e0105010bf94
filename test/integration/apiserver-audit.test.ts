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
            objectRef: { resource: 'secrets', namespace: 'default', apiVersion: 'v1' },
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
            objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
            responseStatus: { metadata: {}, code: 201 },
            requestObject: { metadata: { name: 'c' }, data: { a: '1' } },
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
            sourceIPs: ['10.0.0.9', '127.0.0.1'],
            responseStatus: { code: 403 },
        });
        expect(events.find(({ responseStatus }) => responseStatus?.code === 401)).toMatchObject({
            stage: 'ResponseStarted',
            user: {},
            responseStatus: { reason: 'Unauthorized' },
        });
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
