import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../util/clock.ts';
import { unreachable } from '../../util/assert.ts';
import { ClusterError, type Alarm, type Cluster, type ClusterMember, type MemberStatus } from '../cluster.ts';
import type { Measurements } from '../measurements.ts';
import type { MvccStore } from '../mvcc/mvcc-store.ts';
import type { MemberId } from '../raft/types.ts';
import { PeerRequestError, type PeerTransport } from '../transport/peer-transport.ts';
import {
    answerTo,
    clusterMethod,
    decodeAnswer,
    decodeRequest,
    encodeRequest,
    membersMethod,
    type ClusterDescription,
    type ClusterRequest,
} from './cluster-request.ts';
import { checkAdd, checkPromote, checkRemove, checkTransfer, checkUpdate } from './change-checks.ts';
import { randomId } from './identity.ts';
import { answerLeaseRequest, leaseMethod } from './lease-request.ts';
import { changeMembers, encodeAttributes, type MemberAttributes } from './member-list.ts';
import type { RunningMember } from './running-member.ts';

/** How long a change waits for a leader and for the change before it. */
export const changeTimeoutMs = 7_000;
const retryDelayMs = 50;

export interface MemberClusterOptions {
    member: RunningMember;
    store: MvccStore;
    transport: PeerTransport | undefined;
    clock: Clock;
    measurements: Measurements;
    beforeGrowing?: (() => Promise<void>) | undefined;
}

/** The cluster as one of its members sees it. Changes are the leader's to make; others ask it. */
export class MemberCluster implements Cluster {
    readonly #options: MemberClusterOptions;
    #isClosed = false;

    constructor(options: MemberClusterOptions) {
        this.#options = options;
    }

    /** Changes that wait are given up. */
    close(): void {
        this.#isClosed = true;
    }

    get clusterId(): string {
        return this.#options.member.identity.clusterId;
    }

    get memberId(): MemberId {
        return this.#options.member.identity.memberId;
    }

    get measurements(): Measurements {
        return this.#options.measurements;
    }

    members(): readonly ClusterMember[] {
        return this.#options.member.memberList.members;
    }

    async status(): Promise<MemberStatus> {
        const { member, store } = this.#options;
        const { leader, term, commit, applied } = member.status();
        const sizeBytes = await store.sizeBytes();
        return {
            leader,
            term,
            commitIndex: commit,
            appliedIndex: applied,
            isLearner: this.members().find(({ id }) => id === this.memberId)?.isLearner ?? false,
            sizeBytes,
            sizeInUseBytes: sizeBytes,
            errors: [
                ...(leader === '' ? ['etcdserver: no leader'] : []),
                ...this.alarms().map(
                    ({ member: id, type }) => `memberID:${BigInt(`0x${id}`)} alarm:${type} `,
                ),
            ],
        };
    }

    async addMember(member: {
        peerUrls: readonly string[];
        isLearner: boolean;
        name?: string;
    }): Promise<ClusterMember> {
        if (this.#options.member.log === undefined) checkAdd(this.members(), member);
        await this.#options.beforeGrowing?.();
        await this.#options.member.becomeReplicated();
        const added = await this.#request({ type: 'add', member });
        if (added === undefined) throw new ClusterError('timeout', 'the leader did not say who was added');
        return added;
    }

    async removeMember(id: MemberId): Promise<void> {
        await this.#request({ type: 'remove', id });
    }

    async promoteMember(id: MemberId): Promise<void> {
        await this.#request({ type: 'promote', id });
    }

    async updateMember(id: MemberId, change: MemberAttributes): Promise<void> {
        await this.#request({ type: 'update', id, change });
    }

    async transferLeadership(to: MemberId): Promise<void> {
        await this.#request({ type: 'transfer', to });
    }

    alarms(): readonly Alarm[] {
        return this.#options.store.alarms();
    }

    async setAlarm(alarm: Alarm, active: boolean): Promise<void> {
        await this.#options.store.setAlarm(alarm, active);
    }

    onChange(listener: () => void): () => void {
        return this.#options.member.onChange(listener);
    }

    /** What other members ask of this one. */
    async onRequest(from: MemberId | undefined, method: string, body: Buffer): Promise<Buffer> {
        switch (method) {
            case membersMethod: {
                const description: ClusterDescription = {
                    clusterId: this.clusterId,
                    members: this.members(),
                };
                return Buffer.from(JSON.stringify(description));
            }
            case leaseMethod:
                return answerLeaseRequest(this.#options.store.leases, body);
            case clusterMethod: {
                if (!this.members().some(({ id }) => id === from)) {
                    throw new ClusterError('memberNotFound', 'only members may change the cluster');
                }
                return await answerTo(this.#changeHere(decodeRequest(body)));
            }
            default:
                throw new ClusterError('notLeader', `this member does not know the request "${method}"`);
        }
    }

    /** To the leader; again when it certainly did nothing, for there may be another one by then. */
    async #request(request: ClusterRequest): Promise<ClusterMember | undefined> {
        const { clock, member } = this.#options;
        const deadlineMs = clock.monotonicMs() + changeTimeoutMs;
        for (;;) {
            try {
                const { leader } = member.status();
                const done =
                    leader === this.memberId
                        ? await this.#changeHere(request)
                        : await this.#askLeader(leader, request);
                // So that this member knows of it, too.
                await member.log?.readBarrier();
                return done;
            } catch (error) {
                if (!isWorthRetrying(error) || clock.monotonicMs() > deadlineMs) throw error;
                await this.#pause();
            }
        }
    }

    async #askLeader(leader: MemberId, request: ClusterRequest): Promise<ClusterMember | undefined> {
        const { transport } = this.#options;
        if (leader === '' || transport === undefined) throw new ClusterError('noLeader', 'no leader');
        try {
            return decodeAnswer(await transport.request(leader, clusterMethod, encodeRequest(request)));
        } catch (error) {
            if (!(error instanceof PeerRequestError)) throw error;
            const reason = error.reason === 'unreachable' ? 'noLeader' : 'timeout';
            throw new ClusterError(reason, error.message, { cause: error });
        }
    }

    async #changeHere(request: ClusterRequest): Promise<ClusterMember | undefined> {
        const { log } = this.#options.member;
        if (log === undefined) {
            await this.#changeAlone(request);
            return undefined;
        }
        if (log.status.role !== 'leader') {
            throw new ClusterError('notLeader', 'this member does not lead the cluster');
        }
        const members = this.members();
        switch (request.type) {
            case 'add':
                return await this.#add(request.member);
            case 'remove':
                checkRemove(members, request.id, log.status);
                await log.changeMembership({ type: 'remove', id: request.id, context: noContext });
                return undefined;
            case 'promote':
                checkPromote(members, request.id);
                await log.changeMembership({ type: 'promote', id: request.id, context: noContext });
                return undefined;
            case 'update': {
                const { id, change } = request;
                checkUpdate(members, id, change);
                await log.changeMembership({ type: 'update', id, context: encodeAttributes(change) });
                return undefined;
            }
            case 'transfer':
                checkTransfer(members, request.to);
                await this.#transfer(request.to);
                return undefined;
            default:
                return unreachable(request);
        }
    }

    async #add({
        peerUrls,
        isLearner,
        name = '',
    }: Parameters<Cluster['addMember']>[0]): Promise<ClusterMember> {
        const { log } = this.#options.member;
        checkAdd(this.members(), { peerUrls, isLearner });
        const id = randomId();
        const context = encodeAttributes({ name, peerUrls });
        await log?.changeMembership({ type: isLearner ? 'addLearner' : 'addVoter', id, context });
        return { id, name, peerUrls, clientUrls: [], isLearner };
    }

    async #transfer(to: MemberId): Promise<void> {
        const { member, clock } = this.#options;
        const { log } = member;
        if (log === undefined || log.status.leader === to) return;
        if (log.transferLeadership(to) !== 'started') {
            throw new ClusterError('badTransferee', 'bad leader transferee');
        }
        const deadlineMs = clock.monotonicMs() + changeTimeoutMs;
        while (log.status.leader !== to) {
            if (clock.monotonicMs() > deadlineMs) {
                throw new ClusterError('timeout', 'the other member did not take over in time');
            }
            await this.#pause();
        }
    }

    async #pause(): Promise<void> {
        await sleep(retryDelayMs);
        if (this.#isClosed) throw new ClusterError('timeout', 'the store is closed');
    }

    /** Rules for several that a cluster of one breaks; but its own addresses may change. */
    async #changeAlone(request: ClusterRequest): Promise<void> {
        const members = this.members();
        switch (request.type) {
            case 'add':
                // Between two modes: by the next attempt there is a log.
                throw new ClusterError('noLeader', 'no leader');
            case 'remove':
                if (members.some(({ id }) => id === request.id)) {
                    throw new ClusterError(
                        'unhealthy',
                        're-configuration failed due to not enough started members',
                    );
                }
                throw new ClusterError('memberNotFound', 'member not found');
            case 'promote':
                checkPromote(members, request.id);
                return;
            case 'update': {
                const { id, change } = request;
                checkUpdate(members, id, change);
                const context = encodeAttributes(change);
                await this.#options.member.changeAlone((list) =>
                    changeMembers(list, { type: 'update', id, context }),
                );
                return;
            }
            case 'transfer':
                checkTransfer(members, request.to);
                return;
            default:
                unreachable(request);
        }
    }
}

const noContext = Buffer.alloc(0);

/** It was not done, and may be possible soon. */
function isWorthRetrying(error: unknown): boolean {
    if (!(error instanceof ClusterError)) return false;
    return error.reason === 'noLeader' || error.reason === 'notLeader' || error.reason === 'pending';
}
