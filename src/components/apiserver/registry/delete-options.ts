import { fieldErrors } from '../../../api/meta/field-error.ts';
import type { V1DeleteOptions } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest } from '../request.ts';
import { booleanOf, integerOf } from './query.ts';
import { readObject } from './read-body.ts';

export interface DeleteOptions {
    dryRun: boolean;
    gracePeriodSeconds: number | undefined;
    propagationPolicy: 'Background' | 'Foreground' | 'Orphan' | undefined;
    /** The deprecated way to say Orphan (true) or Background (false). */
    orphanDependents: boolean | undefined;
    preconditions: { uid: string | undefined; resourceVersion: string | undefined };
}

const expected = { apiVersion: 'v1', kind: 'DeleteOptions', type: 'V1DeleteOptions', anyGroup: true };
const policies = ['Background', 'Foreground', 'Orphan'] as const;

/** From the body when there is one, else from the query. */
export async function deleteOptionsOf(request: ApiRequest): Promise<DeleteOptions> {
    const body = await request.body();
    const isEmpty = body.type === 'bytes' ? body.bytes.length === 0 : body.value === undefined;
    if (isEmpty) return toDeleteOptions(fromQuery(request.query));
    const options = await readObject(request, expected, 'Ignore');
    return toDeleteOptions({ ...options, ...dryRunOf(request.query) });
}

function dryRunOf(query: URLSearchParams): { dryRun?: string[] } {
    const values = query.getAll('dryRun');
    return values.length === 0 ? {} : { dryRun: values };
}

function fromQuery(query: URLSearchParams): V1DeleteOptions {
    const options: V1DeleteOptions = { ...dryRunOf(query) };
    const grace = integerOf(query, 'gracePeriodSeconds');
    if (grace !== undefined) options.gracePeriodSeconds = grace;
    const policy = query.get('propagationPolicy');
    if (policy !== null && policy !== '') options.propagationPolicy = policy;
    const orphan = booleanOf(query, 'orphanDependents');
    if (orphan !== undefined) options.orphanDependents = orphan;
    return options;
}

/** Validates; 422 in upstream's words. */
export function toDeleteOptions(options: V1DeleteOptions): DeleteOptions {
    const errors = [];
    const { propagationPolicy, orphanDependents, dryRun = [] } = options;
    if (propagationPolicy !== undefined && orphanDependents !== undefined) {
        errors.push(
            fieldErrors.invalid(
                'propagationPolicy',
                propagationPolicy,
                'orphanDependents and deletionPropagation cannot be both set',
            ),
        );
    }
    const policy = policies.find((name) => name === propagationPolicy);
    if (propagationPolicy !== undefined && policy === undefined) {
        errors.push(
            fieldErrors.notSupported('propagationPolicy', propagationPolicy, [
                'Foreground',
                'Background',
                'Orphan',
                'nil',
            ]),
        );
    }
    if (dryRun.some((value) => value !== 'All')) {
        errors.push(fieldErrors.notSupported('dryRun', dryRun, ['All']));
    }
    if (errors.length > 0) throw statusErrors.invalid('DeleteOptions', 'meta.k8s.io', '', errors);
    const grace = options.gracePeriodSeconds;
    return {
        dryRun: dryRun.length > 0,
        // A negative period means "at once, gracefully": one second.
        gracePeriodSeconds: grace !== undefined && grace < 0 ? 1 : grace,
        propagationPolicy: policy,
        orphanDependents,
        preconditions: {
            uid: options.preconditions?.uid,
            resourceVersion: options.preconditions?.resourceVersion,
        },
    };
}

/** The options as an object of the API, as admission plugins see them. */
export function asDeleteOptions(options: DeleteOptions): V1DeleteOptions {
    const { dryRun, gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options;
    const { uid, resourceVersion } = preconditions;
    const hasPreconditions = uid !== undefined || resourceVersion !== undefined;
    return {
        kind: 'DeleteOptions',
        apiVersion: 'meta.k8s.io/v1',
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
        ...(orphanDependents === undefined ? {} : { orphanDependents }),
        ...(hasPreconditions ? { preconditions } : {}),
        ...(dryRun ? { dryRun: ['All'] } : {}),
    };
}
