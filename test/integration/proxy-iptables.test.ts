import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Iptables, IptablesError, runProgram } from '../../src/components/proxy/iptables.ts';
import { buildRules, jumps } from '../../src/components/proxy/rules.ts';
import type { ServicePort } from '../../src/components/proxy/service-ports.ts';
import { silentLogger } from '../../src/util/logger.ts';

const namespace = `hkproxy${process.pid}`;
const enter = [`--net=/run/netns/${namespace}`];
const inside = (program: string, ...args: string[]): string =>
    execFileSync('nsenter', [...enter, program, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
    });
const options = { clusterCidr: '10.244.0.0/16', masqueradeAll: false, nodePortAddresses: [] };
const servers: ChildProcess[] = [];
let directory = '';

function web(overrides: Partial<ServicePort> = {}): ServicePort {
    return {
        name: 'default/web',
        service: 'default/web',
        protocol: 'TCP',
        clusterIp: '10.96.0.10',
        port: 80,
        nodePort: 30080,
        externalIps: ['192.0.2.7'],
        loadBalancerIps: [],
        sourceRanges: [],
        affinitySeconds: 0,
        internalLocal: false,
        externalLocal: false,
        endpoints: ['10.244.0.1', '10.244.0.2'].map((ip) => ({ ip, port: 8080, local: true })),
        ...overrides,
    };
}

/** What connections to an address get: pages, or error codes. */
function fetchPages(url: string, count = 1): Set<string> {
    const answers = JSON.parse(
        inside(process.execPath, join(import.meta.dirname, '../harness/fetch-pages.mjs'), url, String(count)),
    ) as (string | { error: string })[];
    return new Set(answers.map((answer) => (typeof answer === 'string' ? answer.trim() : answer.error)));
}
const both = new Set(['from 10.244.0.1', 'from 10.244.0.2']);

describe('iptables rules in a real kernel', () => {
    const iptables = new Iptables({
        logger: silentLogger(),
        jumps,
        run: async (program, args, input) => await runProgram('nsenter', [...enter, program, ...args], input),
    });

    beforeAll(async () => {
        directory = mkdtempSync('/var/tmp/hkproxy-');
        execFileSync('ip', ['netns', 'add', namespace]);
        inside('ip', 'link', 'set', 'lo', 'up');
        inside('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
        inside('ip', 'link', 'set', 'eth0', 'up');
        inside('ip', 'link', 'set', 'eth1', 'up');
        for (const ip of ['10.213.0.2/24', '10.244.0.1/24', '10.244.0.2/24'])
            inside('ip', 'addr', 'add', ip, 'dev', 'eth0');
        inside('ip', 'route', 'add', 'default', 'via', '10.213.0.1', 'onlink', 'dev', 'eth0');
        inside('iptables', '-A', 'INPUT', '-m', 'comment', '--comment', 'made by hand', '-j', 'ACCEPT');
        for (const ip of ['10.244.0.1', '10.244.0.2']) {
            mkdirSync(join(directory, ip));
            writeFileSync(join(directory, ip, 'index.html'), `from ${ip}\n`);
            servers.push(
                spawn('nsenter', [
                    ...enter,
                    '/bin/busybox',
                    'httpd',
                    '-f',
                    '-p',
                    `${ip}:8080`,
                    '-h',
                    join(directory, ip),
                ]),
            );
        }
        await iptables.apply(buildRules([web()], options));
    });

    afterAll(() => {
        for (const server of servers) server.kill('SIGKILL');
        execFileSync('ip', ['netns', 'del', namespace]);
        rmSync(directory, { recursive: true, force: true });
    });

    it('spreads connections to cluster IP, external IP and node port over the endpoints', () => {
        for (const address of ['10.96.0.10', '192.0.2.7', '10.213.0.2:30080']) {
            expect(fetchPages(`http://${address}/`, 30)).toEqual(both);
        }
    });

    it('keeps a client at one endpoint with ClientIP affinity', async () => {
        await iptables.apply(buildRules([web({ affinitySeconds: 60 })], options));
        expect(fetchPages('http://10.96.0.10/', 12).size).toBe(1);
    });

    it('refuses connections at once when there is no endpoint', async () => {
        await iptables.apply(buildRules([web({ endpoints: [] })], options));
        expect(fetchPages('http://10.96.0.10/')).toEqual(new Set(['ECONNREFUSED']));
        expect(fetchPages('http://10.213.0.2:30080/')).toEqual(new Set(['ECONNREFUSED']));
    });

    it('notices that someone flushed the tables, and writes everything again', async () => {
        expect(await iptables.intact()).toBe(true);
        inside('iptables', '-t', 'nat', '-F');
        inside('iptables', '-t', 'nat', '-X');
        expect(await iptables.intact()).toBe(false);
        await iptables.apply(buildRules([web()], options));
        expect(fetchPages('http://10.96.0.10/', 30)).toEqual(both);
    });

    it('takes over the rules of an earlier process without doubling them', async () => {
        const successor = new Iptables({
            logger: silentLogger(),
            jumps,
            run: async (program, args, input) =>
                await runProgram('nsenter', [...enter, program, ...args], input),
        });
        const before = inside('iptables-save', '-t', 'nat')
            .split('\n')
            .filter((line) => line.startsWith('-A'))
            .sort();
        await successor.apply(buildRules([web()], options));
        const after = inside('iptables-save', '-t', 'nat')
            .split('\n')
            .filter((line) => line.startsWith('-A'))
            .sort();
        expect(after).toEqual(before);
    });

    it('reports what iptables says of a rule it cannot take', async () => {
        const broken = buildRules([web({ port: 99_999_999 })], options);
        await expect(iptables.apply(broken)).rejects.toThrow(IptablesError);
    });

    it('leaves only the rules of others after a clean-up', async () => {
        await iptables.cleanup();
        const rules = inside('iptables-save');
        expect(rules).not.toContain('KUBE-');
        expect(rules).toContain('made by hand');
    });
});
