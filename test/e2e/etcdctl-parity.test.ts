import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { isInstalled } from '../harness/installed.ts';
import { Normaliser } from './etcdctl/normalise.ts';
import {
    etcdctl,
    startOurs,
    startRealEtcd,
    startRestored,
    type EtcdUnderTest,
    type Outcome,
} from './etcdctl/servers.ts';

/** One command; `$1` and so on stand for what earlier commands' `capture` found. */
interface Step {
    args: string;
    input?: string;
    /** For commands that run until they are ended. */
    until?: RegExp;
    capture?: RegExp;
    /** Rewrites the output where the servers may differ. */
    ignore?: RegExp;
    /** etcd's own order is one of chance. */
    unordered?: true;
}

const step = (args: string, more: Omit<Step, 'args'> = {}): Step => ({ args, ...more });

const chapters: Readonly<Record<string, readonly Step[]>> = {
    'put and get': [
        step('put a 1'),
        step('put a 2 --prev-kv'),
        step('put b 1'),
        step('put dir/x xx'),
        step('put dir/y yy'),
        step('put ü umlaut'),
        step('get a'),
        step('get a -w json'),
        step('get a -w fields'),
        step('get missing'),
        step('get a --rev=2'),
        step('get a --rev=1'),
        step('get a --rev=999'),
        step('get a dir'),
        step('get --prefix dir/'),
        step('get --prefix dir/ --keys-only'),
        step('get --prefix dir/ --print-value-only'),
        step('get --prefix dir/ --count-only -w fields'),
        step('get --prefix dir/ --limit 1 -w json'),
        step('get --prefix "" --sort-by=MODIFY --order=DESCEND'),
        step('get --prefix "" --sort-by=VALUE --order=ASCEND --keys-only'),
        step('get --prefix "" --sort-by=VERSION --order=DESCEND --limit=2'),
        step('get --prefix "" --sort-by=CREATE --order=DESCEND -w json'),
        step('get --from-key b'),
        step('get --consistency=s a'),
        step('get ü'),
        step('put a 3 --ignore-value'),
        step('put a --ignore-value'),
        step('put new --ignore-value'),
        step('put new v --ignore-lease'),
    ],
    delete: [
        step('put d/1 1'),
        step('put d/2 2'),
        step('put d/3 3'),
        step('del d/1'),
        step('del d/1'),
        step('del d/2 --prev-kv'),
        step('del --prefix d/ --prev-kv -w json'),
        step('del --from-key zzz'),
    ],
    transactions: [
        step('put t 1'),
        step('txn', { input: 'value("t") = "1"\n\nput t 2\nget t\n\nget t\n\n' }),
        step('txn', { input: 'mod("t") = "1"\n\nput t 3\n\nget t\ndel t --prev-kv\n\n' }),
        step('txn -w json', { input: 'create("t") = "0"\n\nput t 4\nget --prefix t\n\nput t 5\n\n' }),
        step('txn', { input: 'version("t") > "0"\nlease("t") = 0\n\nput t 6 --prev-kv\n\n\n' }),
        step('txn', { input: '\nput t 6\nput t 7\n\n\n' }),
        step('txn', { input: '\nput t 6\ndel --prefix t\n\n\n' }),
        step('txn', {
            input: `\n${Array.from({ length: 129 }, (_, i) => `put many${i} x`).join('\n')}\n\n\n`,
        }),
        step('txn', {
            input: `\n${Array.from({ length: 128 }, (_, i) => `put many${i} x`).join('\n')}\n\n\n`,
        }),
    ],
    watches: [
        step('put w/1 1'),
        step('put w/2 2', { capture: /OK/ }),
        step('del w/1'),
        step('watch --prefix w/ --rev=1', { until: /DELETE\nw\/1\n\n/ }),
        step('watch --prefix w/ --rev=1 --prev-kv', { until: /DELETE\nw\/1\n1\nw\/1\n\n/ }),
        step('watch w/2 --rev=1 -w json', { until: /"value":"Mg=="/, ignore: /\"revision\":\d+,/ }),
        step('watch z a'),
    ],
    leases: [
        step('lease grant 600', { capture: /lease (\S+) granted/ }),
        step('put --lease=$1 l/1 v'),
        step('put --lease=$1 l/2 v'),
        step('lease timetolive $1'),
        step('lease timetolive $1 --keys'),
        step('lease list'),
        step('lease keep-alive --once $1'),
        step('get l/1 -w fields'),
        step('put l/1 w --ignore-lease'),
        step('lease revoke $1'),
        step('get --prefix l/'),
        step('lease revoke $1'),
        step('lease timetolive $1'),
        step('lease keep-alive --once $1'),
        step('put --lease=123 l/3 v'),
        step('lease grant 9999999999'),
    ],
    'locks and elections': [
        step('lock mutex echo held'),
        step('lock mutex', { until: /mutex\/\w+\n/ }),
        step('elect chair me', { until: /me\n/ }),
    ],
    compaction: [
        step('put c 1'),
        step('put c 2'),
        step('compaction 5'),
        step('compaction 5'),
        step('compaction 9999'),
        step('get a --rev=3'),
        step('watch a --rev=2'),
        step('compaction 8 --physical'),
        step('defrag'),
    ],
    'members and maintenance': [
        step('endpoint health'),
        step('endpoint status', { ignore: /, \d+, \d+, \d+, $/m }),
        step('endpoint hashkv', { ignore: /, \d+$/m }),
        step('member list', { unordered: true }),
        step('member list -w json'),
        step('member add more --peer-urls=nonsense'),
        step('member add more --learner --peer-urls=http://127.0.0.1:1', {
            capture: /Member +(\w+) added/,
            // In Go's order of a map.
            ignore: /ETCD_INITIAL_CLUSTER=.*/,
        }),
        step('member add more --learner --peer-urls=http://127.0.0.1:1', {
            // The former within the same second, for the time is part of the identifier.
            ignore: /member ID already exist|Peer URLs already exists/,
        }),
        step('member list', { unordered: true }),
        step('member promote $1'),
        step('member update $1 --peer-urls=http://127.0.0.1:2'),
        step('member remove $1'),
        step('member remove $1'),
        step('move-leader 1234abcd5678ef00'),
        step('alarm list'),
        step('alarm disarm'),
    ],
    errors: [
        step('put "" v'),
        step('get ""'),
        step('del ""'),
        step('put big', { input: 'x'.repeat(1_600_000) }),
        step('put huge', { input: 'x'.repeat(2_200_000) }),
    ],
};

/** Splits at blanks; "" is an empty argument. */
function argsOf(text: string, captured: readonly string[]): string[] {
    return text
        .split(' ')
        .map((arg) =>
            arg === '""' ? '' : arg.replace(/\$(\d)/, (_, at: string) => captured[Number(at)] ?? ''),
        );
}

/** Members by all but their identifiers. */
function byAddress(a: string, b: string): number {
    return a.replace(/^\w+/, '') < b.replace(/^\w+/, '') ? -1 : 1;
}

async function transcript(server: EtcdUnderTest, steps: readonly Step[]): Promise<string[]> {
    const normaliser = new Normaliser();
    const captured: string[] = [''];
    const lines: string[] = [];
    for (const { args, input, until, capture, ignore, unordered } of steps) {
        const outcome = await etcdctl(server, argsOf(args, captured), { input, until });
        const found = capture?.exec(outcome.stdout)?.[1];
        if (found !== undefined) captured.push(found);
        if (unordered) outcome.stdout = outcome.stdout.split('\n').sort(byAddress).join('\n');
        lines.push(`$ etcdctl ${args}`, normalised(outcome, normaliser, ignore));
    }
    return lines;
}

function normalised({ code, stdout, error }: Outcome, normaliser: Normaliser, ignore?: RegExp): string {
    const output = `${stdout}${error === '' ? '' : `${error}\n`}exit code ${code}`;
    return normaliser.text(ignore === undefined ? output : output.replace(ignore, ''));
}

const installed = isInstalled('etcd') && isInstalled('etcdctl');
if (!installed)
    console.warn('etcd and etcdctl are not installed (etcd-server, etcd-client): parity is not checked');

(installed ? describe : describe.skip)('etcdctl says the same of this store as of etcd', () => {
    let real: EtcdUnderTest;
    let ours: EtcdUnderTest;

    beforeAll(async () => {
        [real, ours] = await Promise.all([startRealEtcd(), startOurs()]);
    }, 60_000);

    afterAll(async () => {
        await Promise.all([real.stop(), ours.stop()]);
    }, 60_000);

    it.each(Object.entries(chapters))(
        '%s',
        async (_, steps) => {
            const [expected, seen] = await Promise.all([transcript(real, steps), transcript(ours, steps)]);
            expect(seen.join('\n')).toBe(expected.join('\n'));
        },
        120_000,
    );

    it('a saved snapshot is valid, and the real etcd starts from it with the same keys and leases', async () => {
        const file = join(ours.directory, 'snapshot.db');
        const dataDir = join(ours.directory, 'restored');
        const grant = await etcdctl(ours, ['lease', 'grant', '600']);
        const lease = /lease (\S+) granted/.exec(grant.stdout)?.[1] ?? '';
        await etcdctl(ours, ['put', '--lease', lease, 'kept', 'v']);
        await etcdctl(ours, ['put', 'large'], { input: 'y'.repeat(100_000) });
        expect(await etcdctl(ours, ['snapshot', 'save', file])).toMatchObject({ code: 0 });
        const status = await etcdctl(ours, ['snapshot', 'status', file, '-w', 'json']);
        const now = JSON.parse((await etcdctl(ours, ['get', 'a', '-w', 'json'])).stdout) as {
            header: { revision: number };
        };
        expect(JSON.parse(status.stdout)).toMatchObject({ revision: now.header.revision });
        const restore = ['snapshot', 'restore', file, '--data-dir', dataDir];
        expect(await etcdctl(ours, restore)).toMatchObject({ code: 0 });
        const restored = await startRestored(dataDir, 'http://localhost:2380');
        try {
            const everything = ['get', '--from-key', '', '-w', 'json'];
            const [before, after] = await Promise.all([
                etcdctl(ours, everything),
                etcdctl(restored, everything),
            ]);
            expect(withoutHeader(after)).toBe(withoutHeader(before));
            expect((await etcdctl(restored, ['lease', 'list'])).stdout).toContain(lease);
        } finally {
            await restored.stop();
        }
    }, 120_000);
});

function withoutHeader({ stdout }: Outcome): string {
    return stdout.replace(/"header":\{[^}]*\}/, '');
}
