import type { Stored, V1ConfigMap, V1Namespace } from '../../../api/meta/object.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { configMaps, namespaces } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { idleController } from '../shared/idle-controller.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';

const configMapName = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description =
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** Publishes the cluster's CA to every namespace, where pods mount it with their token. */
class RootCaPublisher implements RunnableController {
    readonly #context: ControllerContext;
    readonly #data: Readonly<Record<string, string>>;
    readonly #namespaces: Informer<V1Namespace>;
    readonly #configMaps: Informer<V1ConfigMap>;
    readonly #controller: Controller;

    constructor(context: ControllerContext, rootCa: string) {
        this.#context = context;
        this.#data = { 'ca.crt': rootCa };
        this.#namespaces = context.informers.informer(namespaces);
        this.#configMaps = context.informers.informer(configMaps);
        this.#controller = new Controller({
            name: 'root_ca_cert_publisher',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (namespace) => await this.#reconcile(namespace),
        });
        const enqueue = ({ metadata }: Stored<V1Namespace>): void => this.#controller.enqueue(metadata.name);
        this.#namespaces.addHandler({ added: enqueue, updated: enqueue });
        const enqueueOwn = ({ metadata }: Stored<V1ConfigMap>): void => {
            if (metadata.name === configMapName) this.#controller.enqueue(metadata.namespace ?? '');
        };
        this.#configMaps.addHandler({ updated: enqueueOwn, deleted: enqueueOwn });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(namespace: string): Promise<Outcome> {
        if (this.#namespaces.lister.get(namespace)?.status?.phase !== 'Active') return done;
        const resource = this.#context.client.resource(configMaps);
        const current = this.#configMaps.lister.get(`${namespace}/${configMapName}`);
        if (current === undefined) {
            await this.#create(namespace);
            return done;
        }
        const annotated = current.metadata.annotations?.[descriptionAnnotation] === description;
        if (annotated && deepEqual(current.data, this.#data)) return done;
        const annotations = { ...current.metadata.annotations, [descriptionAnnotation]: description };
        await resource.update({
            ...current,
            metadata: { ...current.metadata, annotations },
            data: { ...this.#data },
        });
        return done;
    }

    async #create(namespace: string): Promise<void> {
        const annotations = { [descriptionAnnotation]: description };
        try {
            await this.#context.client.resource(configMaps).create({
                metadata: { name: configMapName, namespace, annotations },
                data: { ...this.#data },
            });
        } catch (error) {
            if (!isReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
        }
    }
}

export const rootCaPublisherController: ControllerDefinition = {
    name: 'root-ca-certificate-publisher-controller',
    serviceAccount: 'root-ca-cert-publisher',
    create: (context) =>
        context.options.rootCa === undefined
            ? idleController(context, '--root-ca-file')
            : new RootCaPublisher(context, context.options.rootCa),
};
