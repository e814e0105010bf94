import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { booleanOf, integerOf } from './query.ts';
import { parseResourceVersion } from '../resource-version.ts';

/** Which revision a LIST or WATCH asks for. */
export type RevisionRule =
    /** Everything acknowledged before the request. */
    | { type: 'newest' }
    /** Whatever this member has. */
    | { type: 'any' }
    | { type: 'notOlderThan'; revision: number }
    | { type: 'exact'; revision: number };

export interface ListOptions {
    rule: RevisionRule;
    /** 0: no limit. */
    limit: number;
    continue: string;
}

export interface WatchOptions {
    /** The text of the parameter: "" and "0" start with the current state. */
    resourceVersion: string;
    allowBookmarks: boolean;
    /** undefined: as the resourceVersion says. */
    sendInitialEvents: boolean | undefined;
    /** 0: the server chooses. */
    timeoutSeconds: number;
}

const forbiddenMatch = (detail: string): FieldError => fieldErrors.forbidden('resourceVersionMatch', detail);

export function listOptionsOf(query: URLSearchParams): ListOptions {
    const resourceVersion = query.get('resourceVersion') ?? '';
    const match = query.get('resourceVersionMatch') ?? '';
    const token = query.get('continue') ?? '';
    const errors: FieldError[] = [];
    if (match !== '') errors.push(...matchErrors(match, resourceVersion, token));
    if (query.has('sendInitialEvents')) {
        errors.push(fieldErrors.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
    }
    check(errors);
    const limit = Math.max(0, integerOf(query, 'limit') ?? 0);
    if (token !== '' && resourceVersion !== '' && resourceVersion !== '0') {
        throw statusErrors.badRequest('specifying resource version is not allowed when using continue');
    }
    return { rule: ruleOf(resourceVersion, match, limit), limit, continue: token };
}

function matchErrors(match: string, resourceVersion: string, token: string): FieldError[] {
    const errors: FieldError[] = [];
    if (resourceVersion === '') {
        errors.push(forbiddenMatch('resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (token !== '') {
        errors.push(forbiddenMatch('resourceVersionMatch is forbidden when continue is provided'));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
        errors.push(fieldErrors.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
        errors.push(forbiddenMatch('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
    return errors;
}

function ruleOf(resourceVersion: string, match: string, limit: number): RevisionRule {
    if (resourceVersion === '') return { type: 'newest' };
    const revision = parseResourceVersion(resourceVersion);
    if (revision === 0) return { type: 'any' };
    const isExact = match === 'Exact' || (match === '' && limit > 0);
    return isExact ? { type: 'exact', revision } : { type: 'notOlderThan', revision };
}

export function watchOptionsOf(query: URLSearchParams): WatchOptions {
    const match = query.get('resourceVersionMatch') ?? '';
    const initial = booleanOf(query, 'sendInitialEvents');
    const errors: FieldError[] = [];
    if (initial !== undefined && match !== 'NotOlderThan') {
        errors.push(
            forbiddenMatch('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
        );
    }
    if (match !== '' && initial === undefined) {
        errors.push(
            forbiddenMatch(
                'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
            ),
        );
    }
    if (match !== '' && match !== 'NotOlderThan') {
        errors.push(fieldErrors.notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    }
    if (match !== '' && query.get('continue')) {
        errors.push(forbiddenMatch('resourceVersionMatch is forbidden when continue is provided'));
    }
    check(errors);
    return {
        resourceVersion: query.get('resourceVersion') ?? '',
        allowBookmarks: booleanOf(query, 'allowWatchBookmarks') ?? false,
        sendInitialEvents: initial,
        timeoutSeconds: Math.max(0, integerOf(query, 'timeoutSeconds') ?? 0),
    };
}

function check(errors: FieldError[]): void {
    if (errors.length > 0) throw statusErrors.invalid('ListOptions', 'meta.k8s.io', '', errors);
}
