import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseCertificates } from '../../pki/certificate-check.ts';
import { followFiles } from '../../pki/follow-files.ts';
import type { Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';

/** What clients are shown and are verified against, PEM. */
export interface ServedCertificates {
    cert: string;
    key: string;
    clientCa: string;
    requestHeaderCa: string;
}

/** Where that is. */
export type ServedFiles = Readonly<Record<keyof ServedCertificates, string>>;

export interface CertificateFollowerOptions {
    files: ServedFiles;
    /** What is in force. */
    current: ServedCertificates;
    logger: Logger;
    apply: (certificates: ServedCertificates) => void;
}

/**
 * Takes over changes of the serving certificate and of the bundles of trusted authorities while the server runs. What
 * cannot be used (a key of another certificate, an empty bundle, half a file) changes nothing and is logged.
 */
export function followCertificates(options: CertificateFollowerOptions): Stoppable {
    const { files, logger, apply } = options;
    let { current } = options;
    let problem: string | undefined;
    const look = async (): Promise<void> => {
        try {
            const next = await readAll(files);
            if (sameAs(current, next)) return;
            check(next);
            apply(next);
            current = next;
            problem = undefined;
            logger.info({ files }, 'certificates taken over');
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            if (why !== problem) logger.error({ files, reason: why }, 'certificates are not taken over');
            problem = why;
        }
    };
    return followFiles(Object.values(files), look);
}

async function readAll(files: ServedFiles): Promise<ServedCertificates> {
    const read = async (name: keyof ServedFiles): Promise<string> => await readFile(files[name], 'utf8');
    return {
        cert: await read('cert'),
        key: await read('key'),
        clientCa: await read('clientCa'),
        requestHeaderCa: await read('requestHeaderCa'),
    };
}

function sameAs(a: ServedCertificates, b: ServedCertificates): boolean {
    return (
        a.cert === b.cert &&
        a.key === b.key &&
        a.clientCa === b.clientCa &&
        a.requestHeaderCa === b.requestHeaderCa
    );
}

function check({ cert, key, clientCa, requestHeaderCa }: ServedCertificates): void {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
        throw new Error('the private key does not belong to the serving certificate');
    }
    for (const bundle of [clientCa, requestHeaderCa]) {
        if (parseCertificates(bundle).length === 0) throw new Error('a bundle holds no certificate');
    }
}
