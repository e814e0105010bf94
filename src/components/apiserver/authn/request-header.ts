import type { Clock } from '../../../util/clock.ts';
import type { AuthenticationInput, AuthenticationMethod } from './method.ts';
import { CredentialError } from './method.ts';
import type { CertificatePool } from './certificate-pool.ts';

export interface RequestHeaderOptions {
    /** Authorities of trusted front proxies (--requestheader-client-ca-file). */
    pool: CertificatePool;
    /** Common names that proxies may have; empty allows all that the authority signed. */
    allowedNames: readonly string[];
    usernameHeaders: readonly string[];
    groupHeaders: readonly string[];
    extraHeaderPrefixes: readonly string[];
    uidHeaders?: readonly string[];
}

/** Who a front proxy says that the user is; believed only from a proxy with a certificate. */
export function requestHeaderMethod(options: RequestHeaderOptions, clock: Clock): AuthenticationMethod {
    const names = lower(options.usernameHeaders);
    const groups = lower(options.groupHeaders);
    const uids = lower(options.uidHeaders ?? ['x-remote-uid']);
    const prefixes = lower(options.extraHeaderPrefixes);
    return {
        name: 'request-header',
        authenticate({ peerCertificate, peerIntermediates, headers }) {
            const username = names.flatMap((name) => values(headers[name]))[0];
            if (username === undefined || peerCertificate === undefined) return undefined;
            const { commonName } = options.pool.verify(peerCertificate, clock.nowMs(), peerIntermediates);
            if (options.allowedNames.length > 0 && !options.allowedNames.includes(commonName)) {
                throw new CredentialError('x509: subject with an unknown common name is not allowed');
            }
            return {
                username,
                uid: uids.flatMap((name) => values(headers[name]))[0] ?? '',
                groups: groups.flatMap((name) => values(headers[name])),
                extra: extraOf(headers, prefixes),
            };
        },
    };
}

/** A comma is part of the value: splitting would let a group named "a,system:masters" be two. */
function values(header: string | string[] | undefined): string[] {
    const list = typeof header === 'string' ? [header] : (header ?? []);
    return list.map((value) => value.trim()).filter((value) => value !== '');
}

function extraOf(
    headers: AuthenticationInput['headers'],
    prefixes: readonly string[],
): Record<string, string[]> {
    const extra = Object.create(null) as Record<string, string[]>;
    for (const [name, value] of Object.entries(headers)) {
        const prefix = prefixes.find((candidate) => name.startsWith(candidate));
        if (prefix === undefined) continue;
        const key = unescapeKey(name.slice(prefix.length));
        extra[key] = [...(extra[key] ?? []), ...values(value)];
    }
    return extra;
}

/** Keys are percent-encoded, as headers allow fewer characters than keys. */
function unescapeKey(key: string): string {
    try {
        return decodeURIComponent(key);
    } catch {
        return key;
    }
}

function lower(names: readonly string[]): string[] {
    return names.map((name) => name.toLowerCase());
}
