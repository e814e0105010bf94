import type { AskLeader, LeaseAnswer, LeaseQuestion } from '../mvcc/store-leases.ts';
import type { MemberId } from '../raft/types.ts';
import { StoreError, type StoreErrorReason } from '../store.ts';
import { PeerRequestError, type PeerTransport } from '../transport/peer-transport.ts';

/** The peer request with which a member asks the leader what remains of a lease, or extends it. */
export const leaseMethod = 'lease';

type Envelope =
    { type: 'answer'; answer: LeaseAnswer } | { type: 'failed'; reason: StoreErrorReason; message: string };

/** Asks whoever leads at the moment. The question may be asked again: nothing in it is done twice. */
export function leaseForwarding(
    leader: () => MemberId,
    transport: PeerTransport | undefined,
): AskLeader | undefined {
    if (transport === undefined) return undefined;
    return async (question) => {
        const to = leader();
        if (to === '') throw new StoreError('noLeader', 'there is no leader at the moment');
        let body: Buffer;
        try {
            body = await transport.request(to, leaseMethod, Buffer.from(JSON.stringify(question)));
        } catch (cause) {
            if (!(cause instanceof PeerRequestError)) throw cause;
            throw new StoreError('noLeader', `the leader cannot be asked: ${cause.message}`, { cause });
        }
        const envelope = JSON.parse(body.toString()) as Envelope;
        if (envelope.type === 'answer') return envelope.answer;
        throw new StoreError(envelope.reason, envelope.message);
    };
}

/** The leader's side. */
export function answerLeaseRequest(
    leases: { answer(question: LeaseQuestion): LeaseAnswer },
    body: Buffer,
): Buffer {
    let envelope: Envelope;
    try {
        const question = JSON.parse(body.toString()) as LeaseQuestion;
        envelope = { type: 'answer', answer: leases.answer(question) };
    } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        envelope = { type: 'failed', reason: error.reason, message: error.message };
    }
    return Buffer.from(JSON.stringify(envelope));
}
