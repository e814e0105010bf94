import { unreachable } from '../../util/assert.ts';
import type { DiskWrite } from '../log/log.ts';
import { StoreError, type KeyValue, type StoreOp } from '../store.ts';
import type { Command, Outcome } from './command.ts';
import { alarmWrite } from './alarm-table.ts';
import { evaluate, evaluateDeletion, type EvaluatedTxn } from './evaluate.ts';
import type { StagedTxn, Undo } from './history.ts';
import {
    leaseNotFound,
    leaseRemoval,
    leaseTtlSecondsMax,
    leaseTtlSecondsMin,
    leaseWrite,
    type Lease,
} from './lease-table.ts';
import { compactedWrite } from './meta.ts';
import type { MvccState } from './mvcc-state.ts';
import { compactedError, futureRevisionError } from './reader.ts';
import { compareKeys } from './key-order.ts';

/** A command whose outcome is decided, but for values that are still to be read; what it changes is staged. */
export interface Evaluated {
    outcome: Outcome;
    /** Undefined when it writes no key. */
    txn: StagedTxn | undefined;
    /** Beside the records of `txn`. */
    writes: readonly DiskWrite[];
    undo: readonly Undo[];
    /** Key values in `outcome` to be loaded from disk. */
    toLoad: readonly KeyValue[];
    /** What to do with `outcome` when they are there. */
    finish: readonly (() => void)[];
    /** Makes visible what is beside `txn`; called after that is applied. */
    publish: (() => void) | undefined;
    /** Why values in `outcome` could not be loaded. */
    failure?: unknown;
}

/**
 * Evaluates one command against the newest state and stages what it does; throws the StoreError that is its
 * outcome, and then nothing of it is staged. Depends on nothing but the commands before it, so that every
 * member comes to the same state; only a LocalFault (this member's disk cannot be read) is its own.
 */
export function evaluateCommand(command: Command, state: MvccState): Evaluated {
    checkAlarms(command, state);
    switch (command.type) {
        case 'txn':
            return withTxn(evaluate(command.request, state), ({ result }) => result);
        case 'compact':
            return compact(command.revision, state);
        case 'leaseGrant':
            return grantLease(command, state);
        case 'leaseRevoke':
            return revokeLease(command.id, state);
        case 'alarm':
            return setAlarm(command, state);
        default:
            return unreachable(command);
    }
}

const nothing: Omit<Evaluated, 'outcome' | 'publish'> = {
    txn: undefined,
    writes: [],
    undo: [],
    toLoad: [],
    finish: [],
};

function withTxn(evaluated: EvaluatedTxn, outcome: (evaluated: EvaluatedTxn) => Outcome): Evaluated {
    const { txn, undo, toLoad, finish } = evaluated;
    return { outcome: outcome(evaluated), txn, writes: [], undo, toLoad, finish, publish: undefined };
}

/** As in etcd: without space what takes none may go on; with a corrupt member nothing may. */
function checkAlarms(command: Command, { alarms }: MvccState): void {
    if (command.type === 'alarm') return;
    if (alarms.isStagedOn('CORRUPT')) {
        throw new StoreError(
            'corrupt',
            'the data of a member are corrupt (alarm CORRUPT): nothing is written',
        );
    }
    if (takesSpace(command) && alarms.isStagedOn('NOSPACE')) throw spaceExceeded();
}

export function spaceExceeded(): StoreError {
    return new StoreError(
        'noSpace',
        'database space exceeded: compact, defragment, and disarm the alarm NOSPACE',
    );
}

export function takesSpace(command: Command): boolean {
    if (command.type === 'leaseGrant') return true;
    if (command.type !== 'txn') return false;
    const { success, failure } = command.request;
    return success.some(hasPut) || failure.some(hasPut);
}

function hasPut(op: StoreOp): boolean {
    return op.type === 'put' || (op.type === 'txn' && (op.success.some(hasPut) || op.failure.some(hasPut)));
}

function compact(revision: number, { history }: MvccState): Evaluated {
    if (revision > history.head) throw futureRevisionError(revision, history.head);
    if (revision <= history.compactedHead) throw compactedError(history.compactedHead);
    history.compactedHead = revision;
    return {
        ...nothing,
        outcome: { revision: history.head },
        writes: [compactedWrite(revision)],
        publish: () => (history.compacted = revision),
    };
}

function grantLease({ id, ttlSeconds }: { id: number; ttlSeconds: number }, state: MvccState): Evaluated {
    const { leases } = state;
    if (!Number.isSafeInteger(id) || id <= 0) throw leaseNotFound(id);
    if (ttlSeconds > leaseTtlSecondsMax) throw new StoreError('tooLarge', 'too large lease TTL');
    if (leases.staged(id) !== undefined) throw new StoreError('leaseExists', `lease ${id} exists already`);
    const raised = Math.max(Math.ceil(ttlSeconds), leaseTtlSecondsMin);
    const lease: Lease = { id, ttlSeconds: raised, keys: new Set() };
    leases.stage(id, lease);
    return {
        ...nothing,
        outcome: { id, ttlSeconds: raised },
        writes: [leaseWrite(lease)],
        publish: () => {
            leases.publish(id, lease);
        },
    };
}

function revokeLease(id: number, state: MvccState): Evaluated {
    const { leases } = state;
    const lease = leases.staged(id);
    if (lease === undefined) throw leaseNotFound(id);
    const evaluated = evaluateDeletion(attachedKeys(lease, state), state);
    leases.stage(id, undefined);
    return {
        ...withTxn(evaluated, ({ result }) => ({ revision: result.revision })),
        // Nobody is told what was deleted but watchers, and they have it from the transaction.
        writes: [leaseRemoval(id)],
        publish: () => {
            leases.publish(id, undefined);
        },
    };
}

/** In key order; the table knows what is applied, the index also what the group has staged. */
function attachedKeys({ id, keys }: Lease, { history }: MvccState): string[] {
    const candidates = new Set(keys);
    for (const { writes } of history.unapplied()) {
        for (const { key, lease } of writes) if (lease === id) candidates.add(key);
    }
    const attached = [...candidates].filter((key) => {
        const entry = history.index.get(key);
        return entry !== undefined && entry.version > 0 && entry.lease === id;
    });
    return attached.sort(compareKeys);
}

function setAlarm(command: Extract<Command, { type: 'alarm' }>, { alarms }: MvccState): Evaluated {
    const { member, alarm: type, active } = command;
    const alarm = { member, type };
    alarms.stage(alarm, active);
    return {
        ...nothing,
        outcome: {},
        writes: [alarmWrite(alarm, active)],
        publish: () => {
            alarms.publish(alarm, active);
        },
    };
}
