import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:tls';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import type { HealthCheck } from '../../src/components/apiserver/extensions.ts';
import type { KeyPair } from '../../src/pki/authority.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const labelled: AdmissionPlugin = {
    name: 'RefuseBad',
    handles: ({ definition }) => definition.plural === 'configmaps',
    validate: ({ name }) =>
        name === 'bad' ? Promise.reject(new Error('bad maps are refused')) : Promise.resolve(),
};

describe('what operators look at', () => {
    let fixture: ApiServerFixture;
    let nobody: KeyPair;
    let problem: string | undefined;

    beforeAll(async () => {
        const sometimes: HealthCheck = { name: 'sometimes', check: () => problem };
        fixture = await ApiServerFixture.start({
            admission: [labelled],
            flowControlSeats: 100,
            extensions: { readyChecks: [sometimes] },
        });
        nobody = await fixture.user('jane@example.com');
        await fixture.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
    });
    afterAll(async () => {
        await fixture.stop();
    });

    const get = async (path: string, accept = '', as?: KeyPair | null) =>
        await fixture.call('GET', path, {
            ...(as === undefined ? {} : { as }),
            headers: accept === '' ? {} : { accept },
        });

    describe('/statusz and /flagz', () => {
        it('are texts for people', async () => {
            const { status, text, headers } = await get('/statusz');
            expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
            expect(text).toMatch(
                /^\nkube-apiserver statusz\nWarning: This endpoint is not meant to be machine parseable, .*\n\nStarted: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\nUp: 0 hr \d\d min \d\d sec\nGo version: \S+\nBinary version: 1\.36\.0\nEmulation version: 1\.36\nPaths: (?:\/\S+ ?)+\n$/,
            );
            const paths = /^Paths: (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
            expect(paths).toEqual(expect.arrayContaining(['/debug', '/healthz', '/livez', '/metrics']));
            expect(paths).not.toContain('/apis');
            const flags = await get('/flagz', 'text/plain');
            expect(flags.text).toMatch(/^\nkube-apiserver flagz\nWarning: .*\n(?:[a-z-]+=.*\n)+$/);
        });

        it.each(['v1alpha1', 'v1beta1'])('are documents where they are asked for as %s', async (version) => {
            const media = (kind: string): string =>
                `application/json;v=${version};g=config.k8s.io;as=${kind}`;
            const metadata = { name: 'kube-apiserver' };
            const apiVersion = `config.k8s.io/${version}`;
            const status = (await get('/statusz', media('Statusz'))).json<Record<string, unknown>>();
            expect(status).toMatchObject({ kind: 'Statusz', apiVersion, metadata, binaryVersion: '1.36.0' });
            expect(status['startTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
            expect(status['uptimeSeconds']).toEqual(expect.any(Number));
            const flags = (await get('/flagz', media('Flagz'))).json<Record<string, unknown>>();
            expect(flags).toEqual({ kind: 'Flagz', apiVersion, metadata, flags: { profiling: 'true' } });
        });

        it('are not to be had otherwise', async () => {
            expect((await get('/statusz', 'application/json')).status).toBe(406);
            expect((await get('/flagz', 'application/json;v=v1;g=config.k8s.io;as=Flagz')).status).toBe(406);
        });
    });

    it.each([
        '/statusz',
        '/flagz',
        '/metrics',
        '/debug/pprof',
        '/debug/pprof/heap',
        '/debug/api_priority_and_fairness/dump_requests',
        '/livez/ping',
    ])('%s is not for everybody', async (path) => {
        expect((await get(path, '', nobody)).status).toBe(403);
        expect((await get(path, '', null)).status).toBeGreaterThanOrEqual(401);
    });

    it('health is told by named checks, some of which may be left out', async () => {
        const all = await get('/readyz?verbose');
        expect([all.status, all.text]).toEqual([
            200,
            [
                ...['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', 'sometimes', 'shutdown'].map(
                    (name) => `[+]${name} ok`,
                ),
                'readyz check passed\n',
            ].join('\n'),
        ]);
        problem = 'it rains';
        const failing = await get('/readyz');
        expect([failing.status, failing.text]).toEqual([
            500,
            expect.stringMatching(/\[-\]sometimes failed: reason withheld\n.*\nreadyz check failed\n$/),
        ]);
        expect((await get('/readyz/sometimes')).text).toContain('it rains');
        const without = await get('/readyz?verbose&exclude=sometimes&exclude=z&exclude=a');
        expect([without.status, without.text]).toEqual([
            200,
            expect.stringMatching(
                /\[\+\]sometimes excluded: ok\n.*\nwarn: some health checks cannot be excluded: no matches for "a", "z"\nreadyz check passed\n$/,
            ),
        ]);
        problem = undefined;
        expect((await get('/livez?exclude=etcd')).text).toBe('ok');
    });

    it('metrics have upstream’s names, and nothing in their labels that a client has made up', async () => {
        const maps = '/api/v1/namespaces/default/configmaps';
        const watch = await fixture.watch(`${maps}?watch=1`);
        expect((await fixture.call('POST', maps, { body: { metadata: { name: 'good' } } })).status).toBe(201);
        expect(await watch.next()).toMatchObject({ type: 'ADDED' });
        watch.close();
        expect((await fixture.call('POST', maps, { body: { metadata: { name: 'bad' } } })).status).toBe(500);
        await get(maps);
        await get('/api/v1/madeup');
        await get(maps, '', nobody);
        await get('/api/v1/nodes', '', null);
        await new Promise<void>((resolve) => {
            const { host, port } = fixture.server.address;
            const socket = connect({ host, port, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
            socket.on('error', () => {
                resolve();
            });
        });
        const { text } = await get('/metrics');
        for (const line of [
            /^apiserver_request_total\{verb="POST",.*resource="configmaps".*code="201"\} 1$/m,
            /^apiserver_request_duration_seconds_count\{verb="POST",.*resource="configmaps".*\} 2$/m,
            /^apiserver_request_sli_duration_seconds_bucket\{verb="LIST",.*resource="configmaps".*le="\+Inf"\} 2$/m,
            /^apiserver_response_sizes_count\{verb="LIST",.*resource="configmaps".*\} 1$/m,
            /^apiserver_watch_events_total\{group="",resource="configmaps",version="v1"\} 1$/m,
            /^apiserver_watch_events_sizes_count\{group="",version="v1",resource="configmaps"\} 1$/m,
            /^apiserver_admission_controller_admission_duration_seconds_count\{name="RefuseBad",operation="CREATE",rejected="true",type="validate"\} 1$/m,
            /^apiserver_admission_step_admission_duration_seconds_count\{operation="CREATE",rejected="false",type="validate"\} \d+$/m,
            /^apiserver_tls_handshake_errors_total [1-9]\d*$/m,
            /^apiserver_client_certificate_expiration_seconds_bucket\{le="0"\} 0$/m,
            /^apiserver_client_certificate_expiration_seconds_count \d+$/m,
            /^authentication_attempts\{result="failure"\} [1-9]\d*$/m,
            /^authentication_duration_seconds_count\{result="success"\} \d+$/m,
            /^authenticated_user_requests\{username="email_id"\} \d+$/m,
            /^authenticated_user_requests\{username="admin"\} \d+$/m,
            /^authorization_attempts_total\{result="allowed"\} \d+$/m,
            /^authorization_attempts_total\{result="no-opinion"\} [1-9]\d*$/m,
            /^apiserver_flowcontrol_current_executing_seats\{flow_schema="exempt",priority_level="exempt"\} 1$/m,
            /^apiserver_current_inflight_requests\{request_kind="readOnly"\} \d+$/m,
            /^apiserver_storage_objects\{resource="configmaps"\} 1$/m,
            /^apiserver_resource_objects\{group="",resource="configmaps"\} 1$/m,
            /^apiserver_storage_size_bytes\{storage_cluster_id="etcd-0"\} \d+$/m,
            /^apiserver_watch_cache_capacity\{group="",resource="configmaps"\} \d+$/m,
            /^apiserver_watch_cache_initializations_total\{group="apps",resource="deployments"\} 1$/m,
            /^apiserver_watch_cache_events_received_total\{group="",resource="configmaps"\} 1$/m,
            /^apiserver_watch_cache_events_dispatched_total\{group="",resource="configmaps"\} 1$/m,
            /^apiserver_cache_list_total\{group="",resource="configmaps",index=""\} 1$/m,
            /^apiserver_cache_list_fetched_objects_total\{group="",resource="configmaps",index=""\} 1$/m,
            /^apiserver_cache_list_returned_objects_total\{group="",resource="configmaps"\} 1$/m,
            /^field_validation_request_duration_seconds_count\{field_validation=""\} [1-9]\d*$/m,
            /^kubernetes_build_info\{.*major="1",minor="36".*\} 1$/m,
        ]) {
            expect(text).toMatch(line);
        }
        expect(text).not.toMatch(/madeup|jane/);
        // One metric, one type: what a scraper refuses otherwise.
        const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
        expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    });
});
