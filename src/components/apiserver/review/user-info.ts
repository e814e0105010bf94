import type { V1UserInfo } from '../../../api/meta/object.ts';
import type { Identity } from '../identity.ts';

/** An identity in the API's form; empty parts are left out, as upstream does. */
export function userInfo({ username, uid, groups, extra }: Identity): V1UserInfo {
    const entries = Object.entries(extra).map(([key, values]): [string, string[]] => [key, [...values]]);
    return {
        username,
        ...(uid === '' ? {} : { uid }),
        ...(groups.length === 0 ? {} : { groups: [...groups] }),
        ...(entries.length === 0 ? {} : { extra: Object.fromEntries(entries) }),
    };
}
