import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const stuck: AdmissionPlugin = {
    name: 'Stuck',
    handles: ({ definition }) => definition.plural === 'namespaces',
    mutate: async () => {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
    },
};

describe('bounds and debugging of the API server', () => {
    let fixture: ApiServerFixture;
    beforeAll(async () => {
        fixture = await ApiServerFixture.start({
            requestTimeoutMs: 1_000,
            admission: [stuck],
            extensions: { readyChecks: [{ name: 'sad', check: () => 'it rains' }] },
        });
    });
    afterAll(async () => {
        await fixture.stop();
    });

    it('answers 504 when a request takes too long', async () => {
        const { status, text } = await fixture.call('POST', '/api/v1/namespaces', {
            body: { metadata: { name: 'a' } },
        });
        expect(status).toBe(504);
        expect(JSON.parse(text)).toMatchObject({
            reason: 'Timeout',
            message: 'Timeout: request did not complete within the allotted timeout',
        });
    });

    it('answers 413 for a body above 3 MiB', async () => {
        const { status, text } = await fixture.call('POST', '/api/v1/namespaces/a/configmaps', {
            body: { metadata: { name: 'a' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } },
        });
        expect(status).toBe(413);
        expect(JSON.parse(text)).toMatchObject({
            reason: 'RequestEntityTooLarge',
            message: 'Request entity too large: limit is 3145728',
        });
    });

    it('answers 431 for a header above 64 KiB, and takes a smaller one', async () => {
        const call = async (chars: number): Promise<number> =>
            (await fixture.call('GET', '/version', { headers: { 'x-long': 'x'.repeat(chars) } })).status;
        expect(await call(40_000)).toBe(200);
        expect(await call(80_000)).toBe(431);
    });

    it('refuses what it does not speak in upstream’s words', async () => {
        const cbor = await fixture.call('GET', '/api/v1/pods', { headers: { accept: 'application/cbor' } });
        expect([cbor.status, cbor.json<{ reason: string }>().reason]).toEqual([406, 'NotAcceptable']);
        const sent = await fixture.call('POST', '/api/v1/namespaces/a/configmaps', {
            body: 'x',
            headers: { 'content-type': 'application/cbor' },
        });
        expect(sent.status).toBe(415);
        expect(sent.text).toContain(
            'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
        );
    });

    it('tells its health check by check', async () => {
        const live = await fixture.call('GET', '/livez?verbose');
        expect(live.text).toBe('[+]ping ok\n[+]log ok\n[+]etcd ok\nlivez check passed\n');
        const ready = await fixture.call('GET', '/readyz');
        expect(ready.status).toBe(500);
        expect(ready.text).toBe(
            '[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n[-]sad failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n',
        );
        const excluded = await fixture.call('GET', '/readyz?verbose&exclude=sad&exclude=nothing');
        expect(excluded.status).toBe(200);
        expect(excluded.text).toContain('[+]sad excluded: ok\n');
        expect(excluded.text).toContain(
            'warn: some health checks cannot be excluded: no matches for "nothing"\nreadyz check passed\n',
        );
        const one = await fixture.call('GET', '/readyz/sad');
        expect([one.status, one.text]).toEqual([500, 'internal server error: it rains\n']);
        expect((await fixture.call('GET', '/livez/etcd')).text).toBe('ok');
    });

    it('counts open watches', async () => {
        const watch = await fixture.watch('/api/v1/configmaps?watch=1');
        const line =
            'apiserver_longrunning_requests{verb="WATCH",group="",version="v1",resource="configmaps",subresource="",scope="cluster",component="apiserver"} 1\n';
        expect((await fixture.call('GET', '/metrics')).text).toContain(line);
        watch.close();
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect((await fixture.call('GET', '/metrics')).text).not.toContain(line);
    });
});

describe('profiling', () => {
    // With the usual request timeout: to make a profile takes its time on a busy machine.
    let fixture: ApiServerFixture;
    beforeAll(async () => {
        fixture = await ApiServerFixture.start();
    });
    afterAll(async () => {
        await fixture.stop();
    });

    it('profiles its CPU, for administrators only', async () => {
        const profile = await fixture.call('GET', '/debug/pprof/profile?seconds=0.1');
        expect(profile.status).toBe(200);
        expect(profile.json<{ nodes: unknown[] }>().nodes.length).toBeGreaterThan(1);
        const jane = await fixture.user('jane');
        expect((await fixture.call('GET', '/debug/pprof/heap', { as: jane })).status).toBe(403);
        expect((await fixture.call('GET', '/debug/pprof/profile?seconds=600')).status).toBe(400);
    });
});
