/**
 * A Kubernetes API server inside a test process: `import { startApiServer } from 'hyperkube'`. The same chain of
 * authentication, authorization, admission, validation and defaults as `hyperkube apiserver` has, over a store in
 * memory, on a loopback port. No controllers, no scheduler and no kubelet run unless they are asked for: a
 * Deployment stays what it is, and makes no pods.
 *
 * docs/TESTING.md has a worked example.
 */
import { runApiServer } from './api-server.ts';

/** Any object of the API, also of a class that a client has for it. `apiVersion` and `kind` have to be set. */
export interface KubernetesObject {
    apiVersion?: string;
    kind?: string;
    metadata?: {
        name?: string;
        namespace?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
}

/** A URL, as `new URL('./crds', import.meta.url)` gives it. Only `file:`. */
export interface FileUrl {
    readonly href: string;
    readonly protocol: string;
}

/**
 * Where objects come from: an object; the path of a file with YAML (any number of documents) or JSON; or the path of
 * a directory, of which every `.yaml`, `.yml` and `.json` file is read, in order of name, not those in directories
 * below it. Paths are relative to the working directory.
 */
export type ManifestSource = string | FileUrl | KubernetesObject | Readonly<Record<string, unknown>>;

/** What `startApiServer` takes. All of it may be left out. */
export interface ApiServerOptions {
    /**
     * CustomResourceDefinitions that are served when `startApiServer` resolves. Other objects in the same files are
     * passed over.
     */
    crds?: ManifestSource | readonly ManifestSource[];
    /**
     * Objects to begin with: namespaces, roles, custom resources. Created in this order, as an administrator; a
     * namespaced one without a namespace goes to `default`. They are there again after `reset`. A status is not
     * taken over, as with every creation.
     */
    objects?: ManifestSource | readonly ManifestSource[];
    /**
     * Controllers to run, by the names that `kube-controller-manager --controllers` has: `namespace-controller`,
     * `garbage-collector-controller`, `serviceaccount-controller`, …; `*` for all that are on by default, `-name` to
     * leave one out. Default: none.
     */
    controllers?: readonly string[];
    /**
     * Admission plugins by upstream's names, besides or less than those that are on by default. Without the
     * controller that makes service accounts the plugin `ServiceAccount` is off unless it is enabled here, because
     * it would refuse every pod.
     */
    admissionPlugins?: { enable?: readonly string[]; disable?: readonly string[] };
    /** Port on 127.0.0.1. Default 0: a free one. */
    port?: number;
    /** IPv4 network from which Services get their cluster IPs. Default `10.96.0.0/16`. */
    serviceClusterIpRange?: string;
    /**
     * Called once for each request that was answered, watches at their start and at their end, with request and
     * response bodies (`audit.k8s.io/v1`, level RequestResponse). What the server asks itself is left out.
     */
    audit?: (event: AuditEvent) => void;
    /** Called for each line of the server's log. Default: there is no log. */
    log?: (entry: LogEntry) => void;
    /** Least level that `log` gets. Default `info`. */
    logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

/** One request, as the audit log of an API server has it. */
export interface AuditEvent {
    level: string;
    auditID: string;
    /** `ResponseStarted` (watches), `ResponseComplete` or `Panic`. */
    stage: string;
    /** Path and query. */
    requestURI: string;
    /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
    verb: string;
    user: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
    impersonatedUser?: AuditEvent['user'];
    userAgent?: string;
    objectRef?: {
        resource?: string;
        namespace?: string;
        name?: string;
        apiGroup?: string;
        apiVersion?: string;
        subresource?: string;
    };
    /** `code` is the HTTP status. */
    responseStatus?: { code?: number; reason?: string; message?: string; status?: string };
    requestObject?: unknown;
    responseObject?: unknown;
    /** RFC 3339 with microseconds. */
    requestReceivedTimestamp: string;
    stageTimestamp: string;
    annotations?: Record<string, string>;
}

/** A line of the server's log. */
export interface LogEntry {
    level: string;
    /** RFC 3339. */
    time: string;
    /** A constant sentence; what varies is in other fields. */
    msg: string;
    [field: string]: unknown;
}

/** How a client reaches the server as one user. */
export interface Kubeconfig {
    /**
     * The file's text: for `new KubeConfig().loadFromString(text)` of @kubernetes/client-node, or to be written to
     * a file that KUBECONFIG names. It has the user's private key.
     */
    readonly text: string;
    /** The same as an object. */
    readonly object: KubeconfigObject;
    /** The user's certificate and its key, PEM, for clients that take no kubeconfig. */
    readonly certificate: string;
    readonly key: string;
}

/** A kubeconfig with one cluster, one user and one context. */
export interface KubeconfigObject {
    apiVersion: 'v1';
    kind: 'Config';
    clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { name: string; user: { 'client-certificate-data': string; 'client-key-data': string } }[];
    contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
    'current-context': string;
}

/** Who asks. */
export interface User {
    /** `jane`, or `system:serviceaccount:<namespace>:<name>` for a service account. */
    name: string;
    /** Default none; `system:authenticated` is added by the server. Members of `system:masters` may do everything. */
    groups?: readonly string[];
    /** Namespace of the kubeconfig's context. */
    namespace?: string;
}

/** An API server that runs in this process. */
export interface TestApiServer {
    /** `https://127.0.0.1:<port>` */
    readonly url: string;
    /** Certificate of the authority that signed the server's and all client certificates, PEM. */
    readonly ca: string;
    /** As an administrator (`kubernetes-admin`, member of `system:masters`). */
    readonly kubeconfig: Kubeconfig;
    /**
     * As somebody else, who may do what RBAC lets them: without roles next to nothing. Signs a client certificate,
     * valid for a year.
     * @throws TypeError for a user without a name.
     */
    asUser(user: User): Promise<Kubeconfig>;
    /**
     * Creates CustomResourceDefinitions, or updates those that are there; resolves when all of them are served. They
     * stay when `reset` is called.
     * @throws TypeError for a source that cannot be read or has none.
     * @throws Error where the server refuses one, or does not serve it within 10 seconds.
     */
    installCrds(...sources: ManifestSource[]): Promise<void>;
    /**
     * Brings every object back to how it was when `startApiServer` resolved: what was created since is gone at once,
     * whatever its finalizers, what was changed or deleted is restored; watches tell of it. What `installCrds`
     * installed stays. Stop what writes objects before, or it goes on with writing.
     */
    reset(): Promise<void>;
    /**
     * Ends watches, lets requests finish, closes every connection and the store. Nothing of the server is left in
     * the process then. May be called again.
     */
    close(): Promise<void>;
    /** The same as `close`, for `await using`. */
    [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an API server; any number of them may run in one process, each with an authority and objects of its own.
 * Resolves when it answers requests, has the objects that every cluster has (system namespaces, the bootstrap roles, …),
 * serves `crds` and holds `objects`.
 * @throws TypeError for an option that cannot be used; the message says which and why.
 * @throws Error where the port is taken, or the server refuses one of the objects.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<TestApiServer> {
    return await runApiServer(options);
}
