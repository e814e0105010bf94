import type { AlarmTable } from './alarm-table.ts';
import type { History } from './history.ts';
import type { LeaseTable } from './lease-table.ts';
import type { Reader } from './reader.ts';

/** All that commands change, and how they read it. */
export interface MvccState {
    readonly history: History;
    readonly reader: Reader;
    readonly leases: LeaseTable;
    readonly alarms: AlarmTable;
}
