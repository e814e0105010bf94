import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMemoryDisk } from '../disk/open-disk.ts';
import { silentLogger } from '../../util/logger.ts';
import { openMember, type Member, type MemberOptions } from '../member.ts';
import { InProcessNetwork } from './in-process-network.ts';

/** Longest wait for what a test expects of the cluster; ends early. */
const patienceMs = 30_000;

export interface ThreeOptions {
    /** Or in memory. */
    onDisk?: boolean;
    /** What one of the members has otherwise than usual. */
    options?: (name: string) => Partial<MemberOptions>;
}

/** Members of one cluster in this process, on LevelDB in temporary directories. */
export class TestCluster {
    readonly network = new InProcessNetwork();
    readonly members = new Map<string, Member>();
    readonly #directory: string;
    #leaderSeen: string | undefined;

    private constructor(directory: string) {
        this.#directory = directory;
    }

    static async create(): Promise<TestCluster> {
        return new TestCluster(await mkdtemp(join(tmpdir(), 'hyperkube-members-')));
    }

    /** The first start of several members together. */
    static async ofThree({ onDisk = true, options = () => ({}) }: ThreeOptions = {}): Promise<TestCluster> {
        const cluster = await TestCluster.create();
        const names = ['a', 'b', 'c'];
        const initialCluster = names.map((name) => ({ name, peerUrls: [urlOf(name)] }));
        for (const name of names) {
            await cluster.start(name, {
                initialCluster,
                initialClusterToken: 'test',
                campaign: name === 'c',
                ...(!onDisk && { disk: await openMemoryDisk() }),
                ...options(name),
            });
        }
        await cluster.leader();
        return cluster;
    }

    directoryOf(name: string): string {
        return join(this.#directory, name);
    }

    urlOf(name: string): string {
        return urlOf(name);
    }

    async start(name: string, options: Partial<MemberOptions> = {}): Promise<Member> {
        const member = await openMember({
            directory: this.directoryOf(name),
            name,
            logger: silentLogger(),
            peerUrls: [urlOf(name)],
            clientUrls: [`http://${name}:2379`],
            transport: this.network.transport(urlOf(name)),
            ...options,
        });
        this.members.set(name, member);
        return member;
    }

    /** Adds a member through `via`, starts it and waits until it votes. */
    async join(name: string, via: Member): Promise<Member> {
        const added = await via.cluster.addMember({ peerUrls: [urlOf(name)], isLearner: true });
        const member = await this.start(name, {
            join: {
                clusterId: via.cluster.clusterId,
                memberId: added.id,
                members: via.cluster.members(),
                promote: true,
            },
        });
        await until(() => via.cluster.members().some(({ id, isLearner }) => id === added.id && !isLearner));
        await until(() =>
            member.cluster.members().some(({ id, isLearner }) => id === added.id && !isLearner),
        );
        return member;
    }

    async stop(name: string): Promise<void> {
        const member = this.get(name);
        this.members.delete(name);
        await member.close();
    }

    get(name: string): Member {
        const member = this.members.get(name);
        if (member === undefined) throw new Error(`there is no member ${name}`);
        return member;
    }

    /** The name of the member that all running ones take for the leader. */
    async leader(among: readonly string[] = [...this.members.keys()]): Promise<string> {
        let found: string | undefined;
        await until(async () => {
            const leaders = new Set<string>();
            for (const name of among) leaders.add((await this.get(name).cluster.status()).leader);
            const [leader] = leaders;
            found = among.find((name) => this.get(name).cluster.memberId === leader);
            return leaders.size === 1 && found !== undefined;
        });
        this.#leaderSeen = found;
        return found ?? '';
    }

    async aFollower(): Promise<string> {
        const leader = await this.leader();
        return [...this.members.keys()].find((name) => name !== leader) ?? '';
    }

    /** All members have applied the same revision; the checksums of all data are equal. */
    async converged(): Promise<number> {
        const members = [...this.members.values()];
        await until(() => new Set(members.map(({ store }) => store.revision)).size === 1);
        const hashes = await Promise.all(members.map(async ({ store }) => await store.hashKv(0)));
        const distinct = new Set(hashes.map((hash) => JSON.stringify(hash)));
        if (distinct.size !== 1) throw new Error(`members differ: ${[...distinct].join(' and ')}`);
        return members[0]?.store.revision ?? 0;
    }

    async close(): Promise<void> {
        this.network.heal();
        // The leader last: nobody has to take over.
        for (const name of [...this.members.keys()].sort((a, b) => this.#rank(a) - this.#rank(b))) {
            await this.stop(name);
        }
        await rm(this.#directory, { recursive: true });
    }

    #rank(name: string): number {
        return name === this.#leaderSeen ? 1 : 0;
    }
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await condition())) {
        if (performance.now() > deadline) throw new Error('what was waited for did not happen');
        await sleep(20);
    }
}

function urlOf(name: string): string {
    return `http://${name}:2380`;
}
