import type { StoreEvent } from '../store.ts';
import type { StagedWrite } from './history.ts';

type Written = Pick<StagedWrite, 'key' | 'tombstone' | 'createRevision' | 'version' | 'lease' | 'value'> & {
    decoded?: object | undefined;
};

/** The event of one write, without the version before. */
export function eventOf(revision: number, write: Written): StoreEvent {
    const { key, value, version, lease, tombstone } = write;
    const createRevision = tombstone ? 0 : write.createRevision;
    return {
        type: tombstone ? 'delete' : 'put',
        kv: { key, value, createRevision, modRevision: revision, version, lease },
        decoded: write.decoded,
    };
}
