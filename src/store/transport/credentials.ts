import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Where a member's own certificate is, and the authority of its peers. All PEM. */
export interface CredentialFiles {
    certFile: string;
    keyFile: string;
    caFile: string;
}

export interface Credentials {
    cert: string;
    key: string;
    ca: string;
    context: SecureContext;
}

/** Rejects when a file is missing or they do not fit together. */
export async function loadCredentials(files: CredentialFiles): Promise<Credentials> {
    const [cert, key, ca] = await Promise.all(
        [files.certFile, files.keyFile, files.caFile].map(async (file) => await readFile(file, 'utf8')),
    );
    const pems = { cert: cert ?? '', key: key ?? '', ca: ca ?? '' };
    return { ...pems, context: createSecureContext({ ...pems, minVersion: 'TLSv1.3' }) };
}

/**
 * Calls back with new credentials after the files have changed. Files that do not fit together (a rotation
 * writes one after the other) are tried again with every look; the credentials before stay in use.
 */
export class CredentialWatch {
    readonly #files: CredentialFiles;
    readonly #timer: NodeJS.Timeout;
    readonly #onChange: (credentials: Credentials) => void;
    readonly #onProblem: (error: unknown) => void;
    #seen: string | undefined;
    #current: Credentials;
    #problem = '';
    #busy = false;

    constructor(
        files: CredentialFiles,
        current: Credentials,
        options: {
            pollMs: number;
            onChange: (credentials: Credentials) => void;
            onProblem: (error: unknown) => void;
        },
    ) {
        this.#files = files;
        this.#current = current;
        this.#onChange = options.onChange;
        this.#onProblem = options.onProblem;
        this.#timer = setInterval(() => {
            void this.#look();
        }, options.pollMs);
        this.#timer.unref();
    }

    stop(): void {
        clearInterval(this.#timer);
    }

    async #look(): Promise<void> {
        if (this.#busy) return;
        this.#busy = true;
        try {
            const seen = await this.#fingerprint();
            if (seen === this.#seen) return;
            const credentials = await loadCredentials(this.#files);
            this.#seen = seen;
            this.#problem = '';
            const { cert, key, ca } = this.#current;
            if (credentials.cert === cert && credentials.key === key && credentials.ca === ca) return;
            this.#current = credentials;
            this.#onChange(credentials);
        } catch (error) {
            if (this.#problem !== String(error)) this.#onProblem(error);
            this.#problem = String(error);
        } finally {
            this.#busy = false;
        }
    }

    async #fingerprint(): Promise<string> {
        const { certFile, keyFile, caFile } = this.#files;
        const stats = await Promise.all([certFile, keyFile, caFile].map(async (file) => await stat(file)));
        return stats.map(({ ino, size, mtimeMs }) => `${ino}/${size}/${mtimeMs}`).join(' ');
    }
}
