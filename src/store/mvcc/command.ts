import type { TxnRequest, TxnResult } from '../store.ts';

/** What the log brings into order and the state machine applies, the same on every member. */
export type Command =
    | { type: 'txn'; request: TxnRequest }
    | { type: 'compact'; revision: number }
    | { type: 'leaseGrant'; id: number; ttlSeconds: number }
    /** Also how a lease expires: the leader's clock decides, the log makes it true. */
    | { type: 'leaseRevoke'; id: number }
    | { type: 'alarm'; member: string; alarm: 'NOSPACE' | 'CORRUPT'; active: boolean };

/** The outcomes, by the command's type. Errors are StoreErrors. */
export interface CommandOutcomes {
    txn: TxnResult;
    compact: { revision: number };
    leaseGrant: { id: number; ttlSeconds: number };
    leaseRevoke: { revision: number };
    alarm: object;
}
export type Outcome = CommandOutcomes[keyof CommandOutcomes];
