import { Credential } from '../../../client/credential-source.ts';
import type { ClientConfig, KubeconfigUser } from '../../../client/kubeconfig.ts';
import type { Clock } from '../../../util/clock.ts';

/** What a webhook is shown of a kubeconfig's user. */
export type Shown = KubeconfigUser & Pick<ClientConfig, 'certificateAuthority'>;

/** For an agent: what its connections are made with. */
export interface ConnectionCredentials {
    /** Changes whenever a file behind them has changed. */
    generation: string;
    tls: { ca?: Buffer; cert?: Buffer; key?: Buffer };
}

/** Certificates and tokens that are shown to a webhook; those in files are read again when they change. */
export class ShownCredentials {
    readonly #shown: Shown;
    readonly #parts: Readonly<Record<'ca' | 'cert' | 'key' | 'token', Credential | undefined>>;

    constructor(shown: Shown, clock: Clock) {
        this.#shown = shown;
        const credential = (source: ClientConfig['token']): Credential | undefined =>
            source === undefined ? undefined : new Credential(source, clock);
        this.#parts = {
            ca: credential(shown.certificateAuthority),
            cert: credential(shown.clientCertificate),
            key: credential(shown.clientKey),
            token: credential(shown.token),
        };
    }

    async connection(): Promise<ConnectionCredentials> {
        const { ca, cert, key } = this.#parts;
        const [caBytes, certBytes, keyBytes] = [await ca?.read(), await cert?.read(), await key?.read()];
        return {
            generation: [ca, cert, key].map((part) => part?.generation ?? 0).join('/'),
            tls: {
                ...(caBytes === undefined ? {} : { ca: caBytes }),
                ...(certBytes === undefined ? {} : { cert: certBytes }),
                ...(keyBytes === undefined ? {} : { key: keyBytes }),
            },
        };
    }

    /** Of every request. */
    async headers(): Promise<Record<string, string | string[]>> {
        const { basic, impersonate } = this.#shown;
        const token = (await this.#parts.token?.read())?.toString('utf8').trim();
        return {
            ...authorization(token, basic),
            ...(impersonate === undefined
                ? {}
                : {
                      'impersonate-user': impersonate.username,
                      ...(impersonate.groups.length === 0
                          ? {}
                          : { 'impersonate-group': [...impersonate.groups] }),
                  }),
        };
    }
}

function authorization(
    token: string | undefined,
    basic: KubeconfigUser['basic'],
): { authorization?: string } {
    if (token !== undefined && token !== '') return { authorization: `Bearer ${token}` };
    if (basic === undefined) return {};
    const pair = Buffer.from(`${basic.username}:${basic.password}`).toString('base64');
    return { authorization: `Basic ${pair}` };
}
