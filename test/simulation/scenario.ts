import type {
    Entry,
    MemberId,
    Membership,
    MembershipChange,
    RaftMessage,
} from '../../src/store/raft/types.ts';
import { productionCore, type Core } from './core.ts';
import { describeEntries, describeMembership, describeMessage, shortId } from './describe.ts';
import { initialIndex, initialTerm, type Image } from './disk.ts';
import { SimulatedMember } from './member.ts';
import { Random } from './random.ts';
import { SafetyObserver, SafetyViolation } from './safety.ts';
import { memberId } from './simulation.ts';

/**
 * Text scenarios: lines that begin with "> " are commands, what follows up to an empty line is their output.
 *
 *     > cluster 3            voters 1 to 3; "cluster 0" for members that are all given by `log`
 *     > log 1 1 1 4          what member 1 has on disk after the first entry: the terms; before `start`
 *                            "term=5" and "vote=1" are the term and vote that it knows of
 *     > start                every member
 *     > tick 2 15            15 ticks of member 2; "tick all 15"
 *     > deliver              all messages, and those that follow; "deliver quietly" shows nothing,
 *                            "deliver 3" delivers that many
 *     > drop                 what is on its way is lost; "drop 3": what is on its way to member 3
 *     > cut 1 / cut 1>2      member 1 from and to everybody / one direction; "heal" undoes all
 *     > propose 1 x          member 1 puts the value x; also: read 1, campaign 1, transfer 1 2, compact 1
 *     > add-learner 1 4      asks member 1; also: add-voter, promote, remove
 *     > crash 2, restart 2   losing what is not synced
 *     > copy 2, put-back 2   of its disk; "put-back" while it is down. "empty 2": a disk as of one that joins,
 *                            "first 2": as it was at its first start
 *     > full 1, room 1       its disk refuses writes, and takes them again
 *     > unreachable 1 3      member 1 is told that 3 cannot be reached
 *     > pace 1 20            member 1 has an election timeout of 20 ticks at least, and heartbeats to fit
 *     > status, logs         of all members
 *     > violates deliver     any command that breaks a property which holds only under conditions not met here
 *
 * Disks take no time. Member n starts an election after 10 + n ticks without a leader.
 */
export function runScenario(text: string, core: Core = productionCore): string {
    const scenario = new Scenario(core);
    const blocks = text.trimEnd().split(/\n{2,}/);
    return `${blocks.map((block) => runBlock(scenario, block)).join('\n\n')}\n`;
}

function runBlock(scenario: Scenario, block: string): string {
    return block
        .split('\n')
        .filter((line) => /^[>#]/.test(line))
        .flatMap((line) => (line.startsWith('>') ? [line, ...scenario.run(line.slice(1).trim())] : [line]))
        .join('\n');
}

const electionTicks = 10;
const heartbeatTicks = 3;
const deliveriesMax = 10_000;

class Scenario {
    readonly #members = new Map<MemberId, SimulatedMember>();
    readonly #core: Core;
    #safety: SafetyObserver;
    #initial: Membership = { voters: [], learners: [] };
    #inFlight: RaftMessage[] = [];
    #cuts = new Set<string>();
    #work: (() => void)[] = [];
    #output: string[] = [];
    readonly #copies = new Map<string, Image>();
    readonly #full = new Set<MemberId>();
    /** What waits until disks have room. */
    readonly #retries: (() => void)[] = [];

    constructor(core: Core) {
        this.#core = core;
        this.#safety = new SafetyObserver(core, this.#members, this.#initial);
    }

    run(command: string): string[] {
        this.#output = [];
        const [verb = '', ...words] = command.split(/\s+/);
        if (verb === 'violates') this.#violate(words);
        else this.#execute(verb, words);
        this.#settle();
        return this.#output;
    }

    #violate([verb = '', ...words]: readonly string[]): void {
        try {
            this.#execute(verb, words);
            this.#say('  violates nothing');
        } catch (error) {
            if (!(error instanceof SafetyViolation)) throw error;
            this.#say(`  violates ${error.property}`);
        }
    }

    #execute(verb: string, words: readonly string[]): void {
        const [first = '', second = ''] = words;
        switch (verb) {
            case 'cluster':
                this.#cluster(Number(first));
                return;
            case 'log':
                this.#presetLog(this.#member(first), words.slice(1));
                return;
            case 'start':
                for (const member of this.#members.values()) member.start();
                return;
            case 'tick':
                this.#tick(first, Number(second));
                return;
            case 'deliver':
                this.#deliver(
                    first === 'quietly',
                    first === 'quietly' ? Infinity : Number(first || Infinity),
                );
                return;
            case 'drop':
                this.#inFlight = this.#inFlight.filter(({ to }) => first !== '' && shortId(to) !== first);
                return;
            case 'cut':
                this.#cuts.add(first);
                return;
            case 'heal':
                this.#cuts.clear();
                return;
            case 'propose':
                this.#propose(this.#member(first), second);
                return;
            case 'read':
                this.#read(this.#member(first));
                return;
            case 'campaign':
                this.#member(first).campaign();
                return;
            case 'transfer':
                this.#say(
                    `transfer ${this.#member(first).transferLeadership(memberId(Number(second))) ?? 'impossible'}`,
                );
                return;
            case 'compact':
                this.#member(first).compactNow();
                return;
            case 'crash':
                this.#member(first).crash(true);
                return;
            case 'restart':
                this.#member(first).start();
                return;
            case 'copy':
                this.#copies.set(first, this.#member(first).copyDisk());
                return;
            case 'put-back':
                this.#putBack(first);
                return;
            case 'empty':
                this.#member(first).replaceDisk(this.#member(first).emptyDisk());
                return;
            case 'first':
                this.#member(first).replaceDisk(this.#member(first).firstDisk());
                return;
            case 'full':
                this.#full.add(this.#member(first).id);
                return;
            case 'room':
                this.#full.delete(this.#member(first).id);
                this.#work.push(...this.#retries.splice(0));
                return;
            case 'unreachable':
                this.#member(first).unreachable(memberId(Number(second)));
                return;
            case 'pace':
                this.#member(first).setTimeouts({
                    electionTicks: Number(second),
                    heartbeatTicks: Math.max(
                        1,
                        Math.floor((Number(second) * heartbeatTicks) / electionTicks),
                    ),
                });
                return;
            case 'status':
                this.#status();
                return;
            case 'logs':
                this.#logs();
                return;
            default:
                this.#change(verb, this.#member(first), memberId(Number(second)));
        }
    }

    #putBack(name: string): void {
        const image = this.#copies.get(name);
        if (image === undefined) throw new Error(`no copy of the disk of member "${name}"`);
        this.#member(name).replaceDisk(image);
    }

    #say(line: string): void {
        this.#output.push(line);
    }

    #member(name: string): SimulatedMember {
        const member = this.#members.get(memberId(Number(name)));
        if (member === undefined) throw new Error(`no member "${name}"`);
        return member;
    }

    #cluster(size: number): void {
        const voters = Array.from({ length: size }, (_, i) => memberId(i + 1));
        this.#initial = { voters, learners: [] };
        this.#safety = new SafetyObserver(this.#core, this.#members, this.#initial);
        for (const id of voters) this.#add(id, this.#initial);
    }

    #add(id: MemberId, initial: Membership): SimulatedMember {
        const patience = (Number.parseInt(id, 16) % electionTicks) / electionTicks;
        const random = new Random(1);
        random.next = () => patience;
        const member = new SimulatedMember(id, initial, {
            core: this.#core,
            random,
            safety: this.#safety,
            raftConfig: {
                electionTicks,
                heartbeatTicks,
                appendBytesMax: 1,
                inflightAppendsMax: 16,
                uncommittedBytesMax: 1_000_000,
                pendingReadsMax: 100,
                readMode: 'quorum',
            },
            log: { keepEntries: Infinity, snapshotChunkBytes: 1_000_000 },
            send: (message) => this.#inFlight.push(message),
            later: (kind, callback) => (kind === 'retry' ? this.#retries : this.#work).push(callback),
            disk: { isFull: (member) => this.#full.has(member), ignoresFailures: false },
            trace: (line) => this.#say(`  ${line()}`),
        });
        this.#members.set(id, member);
        return member;
    }

    #presetLog(member: SimulatedMember, words: readonly string[]): void {
        const terms = words.filter((word) => !word.includes('=')).map(Number);
        const given = (name: string): string | undefined =>
            words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
        const vote = given('vote');
        const entries = terms.map((term, i): Entry => ({
            index: initialIndex + 1 + i,
            term,
            type: 'noop',
            data: Buffer.alloc(0),
        }));
        const term = Number(given('term') ?? terms.at(-1) ?? initialTerm);
        const votedFor = vote === undefined ? '' : memberId(Number(vote));
        member.presetLog({ term, votedFor, commit: initialIndex }, entries);
    }

    #tick(name: string, count: number): void {
        const members = name === 'all' ? [...this.#members.values()] : [this.#member(name)];
        for (let i = 0; i < count; i++) {
            for (const member of members) member.tick();
            this.#settle();
        }
    }

    /** What disks and machines have to do; what a member says and does because of it. */
    #settle(): void {
        for (let next = this.#work.shift(); next !== undefined; next = this.#work.shift()) next();
    }

    #deliver(quietly: boolean, count: number): void {
        const said = this.#output.length;
        let deliveries = 0;
        this.#settle();
        while (deliveries < count) {
            const message = this.#inFlight.shift();
            if (message === undefined) break;
            if (this.#isCut(message)) continue;
            if (++deliveries > deliveriesMax) throw new Error('the members do not come to rest');
            this.#say(describeMessage(message, this.#core));
            this.#members.get(message.to)?.receive(message);
            this.#settle();
        }
        if (quietly) this.#output.length = said;
    }

    #isCut({ from, to }: RaftMessage): boolean {
        const [a, b] = [shortId(from), shortId(to)];
        return this.#cuts.has(a) || this.#cuts.has(b) || this.#cuts.has(`${a}>${b}`);
    }

    #propose(member: SimulatedMember, value: string): void {
        const txn = { compares: [], puts: [{ key: 'x', value }] };
        const result = member.write({ type: 'txn', txn }, (answer) => {
            const outcome = answer.type === 'done' ? `revision ${answer.outcome.revision}` : answer.type;
            this.#say(`  ${shortId(member.id)} answers "${value}": ${outcome}`);
        });
        if (result !== undefined)
            this.#say(result.type === 'refused' ? `refused: ${result.reason}` : result.type);
    }

    #read(member: SimulatedMember): void {
        member.read(['x'], (answer) => {
            const value =
                answer.type === 'done' ? (answer.outcome.cells[0]?.value ?? 'nothing') : answer.type;
            this.#say(`  ${shortId(member.id)} reads: ${value}`);
        });
    }

    #change(verb: string, member: SimulatedMember, id: MemberId): void {
        const types: Record<string, MembershipChange['type']> = {
            'add-learner': 'addLearner',
            'add-voter': 'addVoter',
            promote: 'promote',
            remove: 'remove',
        };
        const type = types[verb];
        if (type === undefined) throw new Error(`no command "${verb}"`);
        if (!this.#members.has(id)) this.#add(id, { voters: [], learners: [] }).start();
        const result = member.proposeMembership({ type, id, context: Buffer.alloc(0) });
        this.#say(result?.type === 'refused' ? `refused: ${result.reason}` : (result?.type ?? 'not running'));
    }

    #status(): void {
        for (const { id, status } of this.#members.values()) {
            if (status === undefined) {
                this.#say(`${shortId(id)} is down`);
                continue;
            }
            const { role, term, leader, commit, lastIndex, membership } = status;
            const follows = role === 'follower' && leader !== '' ? ` of ${shortId(leader)}` : '';
            const place = `term ${term} commit ${commit} last ${lastIndex}`;
            const lost = status.forgetful ? ' forgetful' : '';
            this.#say(`${shortId(id)} ${role}${follows}${lost} ${place} ${describeMembership(membership)}`);
        }
    }

    #logs(): void {
        for (const { id, view } of this.#members.values()) {
            const base = `${view.snapshot.index}/${view.snapshot.term}`;
            this.#say(`${shortId(id)} ${base} ${describeEntries(view.entries, this.#core)}`);
        }
    }
}
