import { createHash } from 'node:crypto';
import type { Identity } from '../identity.ts';
import { type AuthenticationMethod, bearerToken } from './method.ts';

/**
 * Static tokens (--token-auth-file): lines of `token,user,uid,"group1,group2"`.
 * Only hashes are kept, which also makes the time of a lookup independent of the tokens.
 */
export function tokenFileMethod(csv: string): AuthenticationMethod {
    const identities = parseTokenFile(csv);
    return {
        name: 'token-file',
        authenticate({ authorization }) {
            const token = bearerToken(authorization);
            return token === undefined ? undefined : identities.get(hash(token));
        },
    };
}

function parseTokenFile(csv: string): Map<string, Identity> {
    const identities = new Map<string, Identity>();
    csv.split(/\r?\n/).forEach((line, index) => {
        if (line.trim() === '') return;
        const [token, username, uid, groups] = csvFields(line);
        if (token === undefined || username === undefined || uid === undefined) {
            throw new Error(
                `token file must have at least 3 columns (token, user name, user uid): line ${index + 1}`,
            );
        }
        if (token === '') throw new Error(`empty token found in token file: line ${index + 1}`);
        identities.set(hash(token), {
            username,
            uid,
            groups: (groups ?? '').split(',').filter((group) => group !== ''),
            extra: {},
        });
    });
    return identities;
}

/** Fields of one CSV line (RFC 4180 quoting). */
function csvFields(line: string): string[] {
    const fields: string[] = [];
    for (const match of line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))/g)) {
        fields.push(match[1] === undefined ? (match[2] ?? '').trim() : match[1].replaceAll('""', '"'));
    }
    return fields;
}

function hash(token: string): string {
    return createHash('sha256').update(token).digest('base64');
}
