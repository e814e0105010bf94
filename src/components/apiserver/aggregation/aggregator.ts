import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { UpgradeConnection } from '../extensions.ts';
import { type Backend, forward, forwardUpgrade } from '../node-proxy/forward.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { ExtensionService, ExtensionServices } from './extension-services.ts';
import { identityHeaders } from './identity-headers.ts';

/** Answers for groups and versions that are served by others. */
export interface Aggregation {
    /** Undefined for what this server answers itself. */
    extensionOf(path: string): ExtensionService | undefined;
    handle(request: ApiRequest, extension: ExtensionService): ApiResult;
    upgrade(request: ApiRequest, extension: ExtensionService, connection: UpgradeConnection): Promise<void>;
}

/**
 * Passes /apis/<group>/<version> and all below on to the Service of the APIService, as the user who asks. What is
 * served here wins over an APIService of the same group and version.
 */
export class Aggregator implements Aggregation {
    readonly #services: ExtensionServices;
    readonly #definitions: () => readonly ResourceDefinition[];

    constructor(services: ExtensionServices, definitions: () => readonly ResourceDefinition[]) {
        this.#services = services;
        this.#definitions = definitions;
    }

    extensionOf(path: string): ExtensionService | undefined {
        const [, apis, group, version] = path.split('/', 4);
        if (apis !== 'apis' || !group || !version) return undefined;
        const extension = this.#services.get(group, version);
        return extension === undefined || this.isServedHere(extension) ? undefined : extension;
    }

    isServedHere({ group, version }: Pick<ExtensionService, 'group' | 'version'>): boolean {
        return this.#definitions().some((one) => one.group === group && one.version === version);
    }

    handle(request: ApiRequest, extension: ExtensionService): ApiResult {
        return forward(this.#backend(request, extension));
    }

    async upgrade(
        request: ApiRequest,
        extension: ExtensionService,
        connection: UpgradeConnection,
    ): Promise<void> {
        const backend = this.#backend(request, extension);
        // A client must not have the next hop drop the headers that tell who it is.
        await forwardUpgrade(connection, {
            ...backend,
            headers: { ...backend.headers, connection: 'Upgrade' },
        });
    }

    #backend({ path, query, identity }: ApiRequest, extension: ExtensionService): Backend {
        const text = query.toString();
        // What was authorized is what the extension server reads, however the client had encoded it.
        const encoded = path.split('/').map(encodeURIComponent).join('/');
        return {
            scheme: 'https',
            ...this.#services.addressOf(extension),
            path: text === '' ? encoded : `${encoded}?${text}`,
            tls: extension.tls,
            refusesRedirects: true,
            headers: { ...identityHeaders(identity), Host: extension.tls.servername },
        };
    }
}
