import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../harness/machine.ts';
import { MemberProcesses, type MemberProcess } from './etcdctl/member-processes.ts';
import { isInstalled } from '../harness/installed.ts';

const names = ['one', 'two', 'three'];
const metricsTimeoutMs = 20_000;

interface StatusRow {
    Endpoint: string;
    Status: { header: { member_id: number | string }; leader: number | string };
}

function initialCluster(members: readonly MemberProcess[]): string {
    return members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
}

/** The hexadecimal identifiers of the members by name, as `etcdctl member list` has them. */
async function idsByName(member: MemberProcess): Promise<Map<string, string>> {
    const { stdout } = await member.ctl('member', 'list');
    const rows = stdout.trim().split('\n');
    return new Map(rows.map((row) => row.split(', ')).map(([id = '', , name = '']) => [name, id]));
}

async function leaderOf(members: readonly MemberProcess[]): Promise<MemberProcess> {
    for (const member of members) {
        const { stdout } = await member.ctl('endpoint', 'status', '-w', 'json');
        // Identifiers do not fit into a double.
        const text = stdout.replace(/"(member_id|leader)":(\d+)/g, '"$1":"$2"');
        const [row] = JSON.parse(text) as StatusRow[];
        if (row !== undefined && row.Status.leader === row.Status.header.member_id) return member;
    }
    throw new Error('no member leads');
}

/** Round trips, for one, are measured once a second only. */
async function untilMetrics(
    member: MemberProcess,
    wanted: Readonly<Record<string, (value: number) => boolean>>,
): Promise<void> {
    await eventually(
        `metrics of ${member.name}`,
        async () => {
            const text = await (await fetch(`${member.url}/metrics`)).text();
            const values = new Map(text.split('\n').map((line) => line.split(' ') as [string, string]));
            const wrong = Object.entries(wanted).filter(
                ([series, isWanted]) => !isWanted(Number(values.get(series))),
            );
            if (wrong.length === 0) return true;
            throw new Error(wrong.map(([series]) => `${series} ${values.get(series)}`).join(', '));
        },
        metricsTimeoutMs,
    );
}

const installed = isInstalled('etcdctl');
if (!installed) console.warn('etcdctl is not installed (etcd-client): members in processes are not checked');

(installed ? describe : describe.skip)('three hyperkube etcd in processes of their own', () => {
    const processes = new MemberProcesses();
    let members: MemberProcess[] = [];

    beforeAll(async () => {
        members = await Promise.all(names.map(async (name) => await processes.prepare(name)));
        for (const member of members) member.start(['--initial-cluster', initialCluster(members)]);
        await Promise.all(members.map(async (member) => await member.healthy()));
    }, 120_000);

    afterAll(async () => {
        await processes.stop();
    }, 60_000);

    it('what is written through one member is read through each', async () => {
        for (const writer of members) {
            const value = `by ${writer.name}`;
            expect(await writer.ctl('put', 'k', value)).toMatchObject({ code: 0, stdout: 'OK\n' });
            for (const reader of members) {
                expect(await reader.ctl('get', 'k')).toMatchObject({ code: 0, stdout: `k\n${value}\n` });
            }
        }
    }, 60_000);

    it('each member lists all of them with their addresses, started', async () => {
        const expected = members.map(({ name, peerUrl }) => `started, ${name}, ${peerUrl}, `).sort();
        for (const member of members) {
            const { stdout } = await member.ctl('member', 'list');
            const rows = stdout.trim().split('\n');
            const seen = rows.map((row) => /started, \w+, \S+, /.exec(row)?.[0] ?? row).sort();
            expect(seen).toEqual(expected);
        }
    }, 60_000);

    it('leadership goes where move-leader says', async () => {
        const leader = await leaderOf(members);
        const heir = members.find((member) => member !== leader) ?? leader;
        const id = (await idsByName(leader)).get(heir.name) ?? '';
        const { code, stdout, error } = await leader.ctl('move-leader', id);
        expect({ code, error }).toEqual({ code: 0, error: '' });
        expect(stdout).toMatch(/^Leadership transferred from \w+ to /);
        expect(await leaderOf(members)).toBe(heir);
    }, 60_000);

    it("metrics have each member's synced writes, round trips to its peers and changes of leaders", async () => {
        const trips = 'etcd_network_peer_round_trip_time_seconds_count';
        for (const member of members) {
            const others = [...(await idsByName(member))].filter(([name]) => name !== member.name);
            await untilMetrics(member, {
                etcd_disk_wal_fsync_duration_seconds_count: (count) => count > 3,
                etcd_disk_wal_fsync_duration_seconds_sum: (seconds) => seconds > 0,
                etcd_disk_backend_commit_duration_seconds_count: (count) => count > 0,
                etcd_server_leader_changes_seen_total: (count) => count > 1,
                etcd_server_proposals_pending: (count) => count === 0,
                ...Object.fromEntries(
                    others.map(([, id]) => [`${trips}{To="${id}"}`, (count: number) => count > 0]),
                ),
            });
        }
    }, 60_000);

    it('two go on when the leader is killed, and it catches up when it is back', async () => {
        const leader = await leaderOf(members);
        const others = members.filter((member) => member !== leader);
        await leader.kill();
        for (const member of others) await member.healthy();
        expect(await others[0]?.ctl('put', 'k', 'without it')).toMatchObject({ code: 0 });
        expect(await others[1]?.ctl('get', 'k')).toMatchObject({ stdout: 'k\nwithout it\n' });
        leader.start(['--initial-cluster', initialCluster(members)]);
        await leader.healthy();
        expect(await leader.ctl('get', 'k')).toMatchObject({ stdout: 'k\nwithout it\n' });
    }, 60_000);

    it('a fourth joins that etcdctl has announced, with the state, and starts again by itself', async () => {
        const [first = await leaderOf(members)] = members;
        const fourth = await processes.prepare('four');
        const added = await first.ctl('member', 'add', 'four', `--peer-urls=${fourth.peerUrl}`);
        expect(added).toMatchObject({ code: 0 });
        expect(added.stdout).toContain('ETCD_INITIAL_CLUSTER_STATE="existing"');
        const announced = /ETCD_INITIAL_CLUSTER="(.*)"/.exec(added.stdout)?.[1] ?? '';
        const args = ['--initial-cluster', announced, '--initial-cluster-state', 'existing'];
        fourth.start(args);
        await fourth.healthy();
        expect(await fourth.ctl('get', 'k')).toMatchObject({ stdout: 'k\nwithout it\n' });
        expect(await fourth.ctl('put', 'k', 'by the fourth')).toMatchObject({ code: 0 });
        expect(await first.ctl('get', 'k')).toMatchObject({ stdout: 'k\nby the fourth\n' });
        await fourth.kill('SIGTERM');
        fourth.start(args);
        await fourth.healthy();
        expect([...(await idsByName(fourth)).keys()].sort()).toEqual(['four', 'one', 'three', 'two']);
        members = [...members, fourth];
    }, 60_000);

    it('one alone goes on with its data after --force-new-cluster', async () => {
        const [survivor = await leaderOf(members)] = members;
        await Promise.all(members.map(async (member) => await member.kill()));
        survivor.start(['--initial-cluster', initialCluster(members), '--force-new-cluster']);
        await survivor.healthy();
        expect([...(await idsByName(survivor)).keys()]).toEqual([survivor.name]);
        expect(await survivor.ctl('get', 'k')).toMatchObject({ stdout: 'k\nby the fourth\n' });
        expect(await survivor.ctl('put', 'k', 'alone')).toMatchObject({ code: 0 });
        await survivor.kill('SIGTERM');
        survivor.start([]);
        await survivor.healthy();
        expect(await survivor.ctl('get', 'k')).toMatchObject({ stdout: 'k\nalone\n' });
    }, 60_000);
});
