import type { SecureVersion } from 'node:tls';

/** Upstream's names of versions, in the runtime's words. */
const versions: Readonly<Record<string, SecureVersion>> = {
    VersionTLS10: 'TLSv1',
    VersionTLS11: 'TLSv1.1',
    VersionTLS12: 'TLSv1.2',
    VersionTLS13: 'TLSv1.3',
};

/** With TLS 1.3 these are always there: as upstream, they cannot be left out. */
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Upstream's names of cipher suites (the IANA's), in OpenSSL's words. RC4 and triple DES are not there any more. */
const suites: Readonly<Record<string, string>> = {
    ...Object.fromEntries(tls13Suites.map((name) => [name, name])),
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
    TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
    TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
    TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
    TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
    TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
    TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
};

export const cipherSuiteNames: readonly string[] = Object.keys(suites);
export const tlsVersionNames: readonly string[] = Object.keys(versions);

export function isTlsVersion(name: string): boolean {
    return Object.hasOwn(versions, name);
}

/** What a server's secure context is told. */
export interface TlsSettings {
    minVersion: SecureVersion;
    /** Absent: the runtime's own. */
    ciphers?: string;
}

/** The settings of known names of suites (none: the runtime's own) and of a version. */
export function tlsSettings(cipherSuites: readonly string[], minVersion: string): TlsSettings {
    const own = cipherSuites.map((name) => suites[name]).filter((name) => name !== undefined);
    return {
        minVersion: versions[minVersion] ?? 'TLSv1.2',
        ...(own.length === 0 ? {} : { ciphers: [...new Set([...own, ...tls13Suites])].join(':') }),
    };
}
