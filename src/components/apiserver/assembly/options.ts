import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { Store } from '../../../store/store.ts';
import type { Logger } from '../../../util/logger.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { AdmissionOptions } from '../admission/index.ts';
import type { FrontProxyCertificate } from '../aggregation/extension-services.ts';
import type { Auditor } from '../audit/auditor.ts';
import type { RequestHeaderOptions } from '../bootstrap/system-objects.ts';
import type { ComponentCheckOptions } from '../component-status/component-checks.ts';
import type { ServerExtensions } from '../extensions.ts';
import type { KubeletTls } from '../node-proxy/forward.ts';
import type { ApiServerOptions, TlsMaterial } from '../server.ts';
import type { WatchCaches } from '../watch-caches.ts';
import type { AuthOptions } from './auth.ts';

/** What an API server is made of. Nothing in here is a flag or a file: those are the command line's. */
export interface AssemblyOptions {
    /** Over the store that it serves from. Filled on start; whoever made them stops them, after the server. */
    caches: WatchCaches;
    /** Those that the caches were made with: the built-in resources. */
    definitions: readonly ResourceDefinition[];
    logger: Logger;
    listen: {
        address: string;
        /** 0 chooses a free one. */
        port: number;
        tls: TlsMaterial;
    };
    /** Where clients and pods find this server; its port is the one it listens on. */
    advertiseAddress: string;
    /** What /flagz shows; absent: nothing. */
    flags?: ApiServerOptions['flags'];
    /**
     * Where the API servers of a cluster tell of each other, so that the Service `kubernetes` leads to all of them.
     * Absent: this server is nobody's endpoint.
     */
    masterLeases?: Store;
    auth: AuthOptions;
    /** Chosen by name, or as they are. */
    admission: AdmissionSelection | readonly AdmissionPlugin[];
    /** What it shows to, and expects from, the servers that it forwards to. */
    peers: {
        kubelet: KubeletTls;
        extensions: FrontProxyCertificate;
    };
    /** Default: upstream's. */
    requests?: Partial<RequestBounds>;
    /** How long events are kept after they were written last; 0 for ever. Default: an hour. */
    eventTtlMs?: number;
    services: ServiceRanges;
    /** Components that run in this process: see `ComponentCheckOptions`. Default: none. */
    inProcess?: ComponentCheckOptions['inProcess'] | undefined;
    auditor?: Auditor | undefined;
    /** Besides the server's own. */
    extensions?: Pick<ServerExtensions, 'metrics' | 'routes' | 'readyChecks' | 'hooks' | 'resources'>;
}

/** Upstream's names. */
export const defaultRequestHeader: RequestHeaderOptions = {
    allowedNames: ['front-proxy-client'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: ['X-Remote-Uid'],
    groupHeaders: ['X-Remote-Group'],
    extraHeaderPrefixes: ['X-Remote-Extra-'],
};

export type AdmissionSelection = Pick<AdmissionOptions, 'enable' | 'disable' | 'only' | 'configuration'>;

export interface RequestBounds {
    /** Requests at a time, without watches; with priority and fairness their sum is what is shared. */
    readOnlyMax: number;
    mutatingMax: number;
    timeoutMs: number;
    /** API Priority and Fairness instead of fixed bounds. */
    priorityAndFairness: boolean;
    /** Serves /debug/pprof to administrators. */
    profiling: boolean;
}

export const defaultRequestBounds: RequestBounds = {
    readOnlyMax: 400,
    mutatingMax: 200,
    timeoutMs: 60_000,
    priorityAndFairness: true,
    profiling: true,
};

export interface ServiceRanges {
    /** "10.96.0.0/16" */
    clusterIpRange: string;
    /** Both ends included. */
    nodePorts: { first: number; last: number };
    /** There are, or may be, other API servers on the store. Default: never. */
    isShared?: () => boolean;
}
