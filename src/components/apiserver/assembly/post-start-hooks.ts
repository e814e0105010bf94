import type { HealthCheck } from '../extensions.ts';

const prefix = 'poststarthook/';

/** Upstream's names of what happens once the server answers, in the order of its health checks. */
const hooks = {
    'start-apiserver-admission-initializer': 'start',
    'generic-apiserver-start-informers': 'start',
    'priority-and-fairness-config-consumer': 'start',
    'priority-and-fairness-filter': 'start',
    'start-apiextensions-informers': 'customResources',
    'start-apiextensions-controllers': 'customResources',
    'crd-informer-synced': 'customResources',
    'start-system-namespaces-controller': 'system',
    'start-cluster-authentication-info-controller': 'system',
    'start-kubernetes-service-cidr-controller': 'system',
    'start-service-ip-repair-controllers': 'addresses',
    'rbac/bootstrap-roles': 'roles',
    'scheduling/bootstrap-system-priority-classes': 'priorityClasses',
    'priority-and-fairness-config-producer': 'flowObjects',
    'bootstrap-controller': 'masters',
    'start-kube-aggregator-informers': 'aggregation',
    'apiservice-status-local-available-controller': 'aggregation',
    'apiservice-status-remote-available-controller': 'aggregation',
    'apiservice-registration-controller': 'aggregation',
    'apiservice-discovery-controller': 'aggregation',
    'kube-apiserver-autoregistration': 'aggregation',
    'autoregister-completion': 'aggregation',
    'apiservice-openapi-controller': 'aggregation',
    'apiservice-openapiv3-controller': 'aggregation',
} as const;

/** Steps of starting; several of upstream's hooks are one step here. */
export type StartStep = (typeof hooks)[keyof typeof hooks];

/** This one is a check of its own upstream. */
const withoutPrefix = 'autoregister-completion';

/** Which steps of starting are done, for /healthz, /livez and /readyz. */
export class PostStartHooks {
    readonly #done = new Set<StartStep>();
    readonly #isLeftOut: (step: string) => boolean;
    #isAwaited = false;

    /** @param isLeftOut true for hooks that mean nothing to this server */
    constructor(isLeftOut: (hook: string) => boolean = () => false) {
        this.#isLeftOut = isLeftOut;
    }

    done(step: StartStep): void {
        this.#done.add(step);
    }

    /** Somebody has begun with the steps: who asks whether the server lives is told of them from now on. */
    begin(): void {
        this.#isAwaited = true;
    }

    /** Of /readyz: a server that nobody has begun to fill is not ready. */
    get ready(): HealthCheck[] {
        return this.#checks((step) => this.#done.has(step));
    }

    /** Of /healthz and /livez. */
    get live(): HealthCheck[] {
        return this.#checks((step) => this.#done.has(step) || !this.#isAwaited);
    }

    #checks(isFine: (step: StartStep) => boolean): HealthCheck[] {
        return Object.entries(hooks)
            .filter(([name]) => !this.#isLeftOut(name))
            .map(([name, step]) => ({
                name: name === withoutPrefix ? name : prefix + name,
                check: () => (isFine(step) ? undefined : 'not finished'),
            }));
    }
}
