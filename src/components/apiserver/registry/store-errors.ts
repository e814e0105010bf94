import { statusErrors, type StatusError } from '../../../api/meta/status-error.ts';
import { StoreError } from '../../../store/store.ts';

/** A store's failure as the API reports it; anything that is no StoreError comes back unchanged. */
export function fromStoreError(error: unknown): unknown {
    return error instanceof StoreError ? statusOf(error) : error;
}

function statusOf(error: StoreError): StatusError {
    switch (error.reason) {
        case 'tooLarge':
            return statusErrors.requestEntityTooLarge(error.message);
        case 'timeout':
            return statusErrors.timeout(error.message, 1);
        case 'closed':
            return statusErrors.serviceUnavailable('the store is shutting down');
        case 'compacted':
            return statusErrors.expired('The resourceVersion for the provided list is too old.');
        case 'noLeader':
        case 'leaderChanged':
            return statusErrors.timeout(error.message, 1);
        case 'futureRevision':
        case 'leaseNotFound':
        case 'leaseExists':
        case 'keyNotFound':
        case 'duplicateKey':
        case 'noSpace':
        case 'io':
        case 'corrupt':
        case 'newerFormat':
        case 'locked':
            return statusErrors.internal(error);
    }
}
