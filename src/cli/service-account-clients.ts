import type { AuthenticationV1TokenRequest } from '../api/meta/object.ts';
import { isReason } from '../api/meta/status-error.ts';
import type { Client } from '../client/client.ts';
import { createHttpTransport } from '../client/http-transport.ts';
import type { ClientConfig } from '../client/kubeconfig.ts';
import { createClient } from '../client/rest-client.ts';
import { serviceAccounts } from '../client/resource-type.ts';
import type {
    Transport,
    TransportRequest,
    TransportResponse,
    TransportWatch,
    WatchHandler,
} from '../client/transport.ts';
import { clientVersion } from '../client/user-agent.ts';
import { systemClock } from '../util/clock.ts';
import type { Lifecycle } from '../util/lifecycle.ts';

const namespace = 'kube-system';
const tokenLifetimeSeconds = 3600;
/** A token is replaced after this part of its life. */
const renewAfter = 0.8;

/**
 * Gives each controller a client with its own service account of kube-system, over tokens that
 * `client` asks for and that are replaced before they expire.
 */
export function serviceAccountClients(
    client: Client,
    config: ClientConfig,
    lifecycle: Lifecycle,
): (serviceAccount: string) => Client {
    return (serviceAccount) => {
        const transport = new ServiceAccountTransport(client, config, serviceAccount);
        lifecycle.add({
            stop: () => {
                transport.close();
            },
        });
        return createClient(transport);
    };
}

/** Invariant: `#current` is a transport whose token is valid, or one is being asked for. */
class ServiceAccountTransport implements Transport {
    readonly #client: Client;
    readonly #config: ClientConfig;
    readonly #name: string;
    #current: { transport: Promise<Transport>; renewAtMs: number } | undefined;
    #old: Transport[] = [];

    constructor(client: Client, config: ClientConfig, name: string) {
        this.#client = client;
        this.#config = config;
        this.#name = name;
    }

    async request(request: TransportRequest): Promise<TransportResponse> {
        const transport = await this.#transport();
        return await transport.request(request);
    }

    async watch(request: TransportRequest, handler: WatchHandler): Promise<TransportWatch> {
        const transport = await this.#transport();
        return await transport.watch(request, handler);
    }

    close(): void {
        for (const transport of this.#old) transport.close();
        void this.#current?.transport.then(
            (transport) => {
                transport.close();
            },
            () => undefined,
        );
    }

    async #transport(): Promise<Transport> {
        const now = systemClock.monotonicMs();
        if (this.#current === undefined || now >= this.#current.renewAtMs) {
            const previous = this.#current?.transport;
            const renewed = {
                transport: this.#open(),
                renewAtMs: now + tokenLifetimeSeconds * 1000 * renewAfter,
            };
            this.#current = renewed;
            // The next request asks again when this one got no token.
            renewed.transport.catch(() => {
                if (this.#current === renewed) this.#current = undefined;
            });
            // Watches of the replaced transport go on: the server closes them within the hour.
            if (previous !== undefined)
                await previous.then(
                    (transport) => this.#retire(transport),
                    () => undefined,
                );
        }
        return await this.#current.transport;
    }

    #retire(transport: Transport): void {
        this.#old.push(transport);
        // Two lifetimes later nothing can be left on it.
        if (this.#old.length > 2) this.#old.shift()?.close();
    }

    async #open(): Promise<Transport> {
        const token = await this.#token();
        const { clientCertificate: _certificate, clientKey: _key, ...config } = this.#config;
        return createHttpTransport(
            { ...config, token: { type: 'inline', value: Buffer.from(token) } },
            { userAgent: clientVersion('kube-controller-manager') },
        );
    }

    async #token(): Promise<string> {
        const accounts = this.#client.resource(serviceAccounts);
        const ref = { namespace, name: this.#name };
        const request: AuthenticationV1TokenRequest = {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: { audiences: [], expirationSeconds: tokenLifetimeSeconds },
        };
        for (let attempt = 0; ; attempt++) {
            try {
                const answer = await accounts.createSubresource(ref, 'token', request);
                return (answer as AuthenticationV1TokenRequest).status?.token ?? '';
            } catch (error) {
                if (attempt > 0 || !isReason(error, 'NotFound')) throw error;
                await accounts.create({ metadata: ref }).catch((conflict: unknown) => {
                    if (!isReason(conflict, 'AlreadyExists')) throw conflict;
                });
            }
        }
    }
}
