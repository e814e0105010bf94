import {
    CoreV1Api,
    CustomObjectsApi,
    KubernetesObjectApi,
    makeInformer,
    PatchStrategy,
    setHeaderOptions,
} from '@kubernetes/client-node';

export const sites = { group: 'example.com', version: 'v1', plural: 'sites' };
const fieldManager = 'site-operator';

/**
 * An operator for Sites: each gets a ConfigMap of the same name with its pages, owned by the Site, and a status that
 * says how many pages there are. Errors are tried again a little later.
 */
export class SiteOperator {
    #core;
    #custom;
    #objects;
    #informer;
    #queue = Promise.resolve();
    #timers = new Set();
    #isStopped = false;

    /** @param {import('@kubernetes/client-node').KubeConfig} kubeconfig who the operator is */
    constructor(kubeconfig) {
        this.#core = kubeconfig.makeApiClient(CoreV1Api);
        this.#custom = kubeconfig.makeApiClient(CustomObjectsApi);
        this.#objects = KubernetesObjectApi.makeApiClient(kubeconfig);
        this.#informer = makeInformer(
            kubeconfig,
            `/apis/${sites.group}/${sites.version}/${sites.plural}`,
            () => this.#custom.listCustomObjectForAllNamespaces(sites),
        );
        for (const event of ['add', 'update']) this.#informer.on(event, (site) => this.#enqueue(site));
        this.#informer.on('error', () => this.#later(() => this.#informer.start()));
    }

    async start() {
        await this.#informer.start();
    }

    /** Resolves when nothing is being reconciled any more. */
    async stop() {
        this.#isStopped = true;
        for (const timer of this.#timers) clearTimeout(timer);
        await this.#informer.stop();
        await this.#queue;
    }

    /** One after the other: no Site is reconciled twice at a time. */
    #enqueue({ metadata: { namespace, name } }) {
        this.#queue = this.#queue.then(async () => {
            if (this.#isStopped) return;
            const site = this.#informer.get(name, namespace);
            if (site === undefined) return;
            try {
                await this.#reconcile(site);
            } catch (error) {
                this.#later(() => this.#enqueue(site));
                if (error.code === undefined) throw error;
            }
        });
    }

    async #reconcile({ metadata, spec, status }) {
        const { name, namespace, uid, generation } = metadata;
        const pages = spec.pages ?? {};
        await this.#objects.patch(
            {
                apiVersion: 'v1',
                kind: 'ConfigMap',
                metadata: {
                    name,
                    namespace,
                    ownerReferences: [
                        { apiVersion: 'example.com/v1', kind: 'Site', name, uid, controller: true },
                    ],
                },
                data: { 'index.html': `<h1>${spec.title}</h1>`, ...pages },
            },
            undefined,
            undefined,
            fieldManager,
            true,
            PatchStrategy.ServerSideApply,
        );
        const { data = {} } = await this.#core.readNamespacedConfigMap({ name, namespace });
        const wanted = { observedGeneration: generation, pages: Object.keys(data).length };
        if (status?.observedGeneration === generation && status.pages === wanted.pages) return;
        await this.#custom.patchNamespacedCustomObjectStatus(
            { ...sites, name, namespace, body: { status: wanted }, fieldManager },
            setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        );
    }

    #later(work) {
        if (this.#isStopped) return;
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            Promise.resolve(work()).catch(() => this.#later(work));
        }, 100);
        this.#timers.add(timer);
    }
}
