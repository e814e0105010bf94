import { statusErrors } from '../../../../api/meta/status-error.ts';
import type { Identity } from '../../identity.ts';
import { type ApiRequest, headerOf } from '../../request.ts';

const extraPrefix = 'impersonate-extra-';

/**
 * Whom the `Impersonate-*` headers ask to act as, to the letter; undefined without any.
 * @throws StatusError BadRequest for headers that name no user
 */
export function wantedIdentity(request: ApiRequest): Identity | undefined {
    const username = headerOf(request, 'impersonate-user') ?? '';
    const groups = valuesOf(request.headers['impersonate-group']);
    const uid = headerOf(request, 'impersonate-uid') ?? '';
    const extra = Object.create(null) as Record<string, string[]>;
    for (const [name, value] of Object.entries(request.headers)) {
        if (!name.startsWith(extraPrefix)) continue;
        // Different spellings of one key are one key.
        const key = decodeKey(name.slice(extraPrefix.length));
        extra[key] = [...(extra[key] ?? []), ...valuesOf(value)];
    }
    if (username !== '') return { username, uid, groups, extra };
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0) {
        throw statusErrors.badRequest(
            `requested ${goText({ uid, groups, extra })} without impersonating a user name`,
        );
    }
    return undefined;
}

const valuesOf = (value: string | string[] | undefined): string[] =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Keys are percent-encoded, because header names cannot hold every character. */
function decodeKey(key: string): string {
    try {
        return decodeURIComponent(key);
    } catch {
        return key;
    }
}

/** Go's %#v of a user, as upstream prints what was asked for. */
function goText({ uid, groups, extra }: Pick<Identity, 'uid' | 'groups' | 'extra'>): string {
    const list = (values: readonly string[]): string =>
        values.length === 0
            ? '[]string(nil)'
            : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
    const entries = Object.entries(extra)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`);
    const map = entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`;
    return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${list(groups)}, Extra:map[string][]string${map}}`;
}
