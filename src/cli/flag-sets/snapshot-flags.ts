import { flag } from '../flags.ts';

/** Snapshots of the embedded store, made by the process that has it open. */
export const snapshotFlags = {
    'snapshot-interval': flag.duration('time between scheduled snapshots; 0 for none', 12 * 3_600_000),
    'snapshot-retention': flag.integer('scheduled snapshots to keep', 5, { min: 1, max: 10_000 }),
    'snapshot-dir': flag.string(
        'where snapshots are kept; default: snapshots/ in --data-dir',
        '',
        'directory',
    ),
} as const;
