import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1ConfigMapList } from '../../src/api/meta/object.ts';
import { eventually } from '../harness/machine.ts';
import { Masters, type Master } from '../harness/masters.ts';

const configMaps = 40;

describe('a cluster whose only machine is lost, restored from a snapshot on three new ones', () => {
    let masters: Masters;
    let lost: Master;
    let restored: Master;
    let members: Master[];
    /** Names and values as they were when the snapshot was saved. */
    let expected: Map<string, string>;
    let snapshot: string;

    beforeAll(async () => {
        masters = Masters.create();
        lost = masters.add();
        await lost.start();
        await lost.ok('create namespace shop');
        await lost.ok('apply -f -', manifests());
        await lost.ok('create secret generic key -n shop --from-literal=value=secret');
        await lost.ok('create serviceaccount robot -n shop');
        expected = await configMapsSeenBy(lost);
        const saved = await lost.hyperkube('snapshot', 'save', '--kubeconfig', lost.kubeconfig);
        expect({ code: saved.code, stderr: saved.stderr }).toEqual({ code: 0, stderr: '' });
        snapshot = saved.stdout.split('  ')[0] ?? '';
        await lost.ok('create configmap too-late -n shop --from-literal=value=lost');
        await lost.kill();
    }, 120_000);

    afterAll(async () => {
        await masters.close();
    }, 60_000);

    it('a fresh machine takes the snapshot and the keys, and serves what was in it', async () => {
        expect(expected.size).toBeGreaterThanOrEqual(configMaps);
        restored = masters.add();
        const at = (name: string): string => join(restored.directory, name);
        const file = at(basename(snapshot));
        copyFileSync(snapshot, file);
        mkdirSync(at('kubernetes'));
        cpSync(join(lost.directory, 'kubernetes', 'pki'), at('kubernetes/pki'), { recursive: true });
        const { code, stderr } = await restored.hyperkube(
            ...['snapshot', 'restore', file, '--data-dir', at('data')],
        );
        expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
        await restored.start();
        expect(await configMapsSeenBy(restored)).toEqual(expected);
        expect((await restored.kubectl('get configmap too-late -n shop')).stderr).toContain('not found');
        await restored.ok('get serviceaccount robot -n shop');
    }, 120_000);

    it('two more join, and everything is on all three', async () => {
        const token = readFileSync(join(restored.directory, 'data', 'server-token'), 'utf8').trim();
        const joining = [masters.add(), masters.add()];
        for (const master of joining) {
            await master.start(['--server', `https://${restored.ip}:6443`, '--token', token]);
        }
        members = [restored, ...joining];
        await eventually('three voters', async () => {
            const found = await membersSeenBy(restored);
            return found.length === 3 && found.every(({ isLearner }) => !isLearner);
        });
        await restored.ok('create configmap after -n shop --from-literal=value=restored');
        expected.set('after', 'restored');
        for (const master of members) {
            expect(await configMapsSeenBy(master)).toEqual(expected);
            expect(await master.ok('get secret key -n shop -o jsonpath={.data.value}')).toBe(
                Buffer.from('secret').toString('base64'),
            );
        }
    }, 180_000);

    it('writes go on when the leader is killed', async () => {
        const name = (await membersSeenBy(restored)).find(({ isLeader }) => isLeader)?.name;
        const leader = members.find((master) => master.name === name);
        if (leader === undefined) throw new Error('nobody leads');
        await leader.kill();
        const [one, two] = members.filter((master) => master !== leader);
        if (one === undefined || two === undefined) throw new Error('there are not three members');
        await eventually('a write after the loss', async () => {
            const { code, stderr } = await one.kubectl(
                'create configmap survivors -n shop --from-literal=value=two',
            );
            return code === 0 || stderr.includes('already exists');
        });
        expected.set('survivors', 'two');
        expect(await configMapsSeenBy(two)).toEqual(expected);
    }, 120_000);
});

function manifests(): string {
    const items = Array.from({ length: configMaps }, (_, i) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `data-${i}`, namespace: 'shop' },
        data: { value: String(i).repeat(500) },
    }));
    return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

async function configMapsSeenBy(master: Master): Promise<Map<string, string>> {
    const { items } = JSON.parse(await master.ok('get configmaps -n shop -o json')) as V1ConfigMapList;
    const own = items.filter(({ metadata }) => metadata?.name !== 'kube-root-ca.crt');
    return new Map(own.map(({ metadata, data }) => [metadata?.name ?? '', data?.['value'] ?? '']));
}

async function membersSeenBy(
    master: Master,
): Promise<{ name: string; isLearner: boolean; isLeader: boolean }[]> {
    const { stdout, stderr, code } = await master.hyperkube(
        ...['member', 'list', '--output', 'json', '--kubeconfig', master.kubeconfig],
    );
    if (code !== 0) throw new Error(stderr);
    return (JSON.parse(stdout) as { members: { name: string; isLearner: boolean; isLeader: boolean }[] })
        .members;
}
