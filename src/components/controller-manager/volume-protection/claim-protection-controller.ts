import {
    objectKey,
    type Stored,
    type V1PersistentVolumeClaim,
    type V1Pod,
} from '../../../api/meta/object.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { persistentVolumeClaims, pods } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { isPodActive } from '../shared/pod-status.ts';
import { addFinalizer, protectionNeed, removeFinalizer } from './finalizer.ts';
import { claimKeysOf, usesClaim } from './pod-claims.ts';

const finalizer = 'kubernetes.io/pvc-protection';
const podsByClaim = 'claim';
const podsPerPageMax = 500;

/** Lets deleted claims go once no pod uses them any more. */
class ClaimProtectionController implements RunnableController {
    readonly #claims: Informer<V1PersistentVolumeClaim>;
    readonly #pods: Informer<V1Pod>;
    readonly #claimClient: ResourceClient<V1PersistentVolumeClaim>;
    readonly #podClient: ResourceClient<V1Pod>;
    readonly #controller: Controller;

    constructor({ client, informers, logger, clock }: ControllerContext) {
        this.#claims = informers.informer(persistentVolumeClaims);
        this.#pods = informers.informer(pods);
        this.#claimClient = client.resource(persistentVolumeClaims);
        this.#podClient = client.resource(pods);
        this.#controller = new Controller({
            name: 'pvcprotection',
            logger,
            clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (claim: Stored<V1PersistentVolumeClaim>): void => {
            if (protectionNeed(claim, finalizer) !== 'nothing') this.#controller.enqueue(objectKey(claim));
        };
        this.#claims.addHandler({ added: enqueue, updated: enqueue });
        this.#pods.addIndex(podsByClaim, claimKeysOf);
        const enqueueClaims = (pod: Stored<V1Pod>): void => {
            for (const key of claimKeysOf(pod)) this.#controller.enqueue(key);
        };
        const look = (pod: Stored<V1Pod>): void => {
            // A pod that runs cannot have set a claim free.
            if (!isPodActive(pod) || !pod.spec?.nodeName) enqueueClaims(pod);
        };
        this.#pods.addHandler({
            added: look,
            updated: (pod, old) => {
                look(pod);
                if (old.metadata.uid !== pod.metadata.uid) enqueueClaims(old);
            },
            deleted: enqueueClaims,
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const claim = this.#claims.lister.get(key);
        if (claim === undefined) return done;
        const need = protectionNeed(claim, finalizer);
        if (need === 'add') await addFinalizer(this.#claimClient, claim, finalizer);
        if (need === 'check-use' && !(await this.#isUsed(key, claim))) {
            await removeFinalizer(this.#claimClient, claim, finalizer);
        }
        return done;
    }

    /** Asks the API server where the cache knows no user: a pod may have been bound a moment ago. */
    async #isUsed(key: string, claim: Stored<V1PersistentVolumeClaim>): Promise<boolean> {
        const uses = (pod: Stored<V1Pod>): boolean => usesClaim(pod, claim);
        if (this.#pods.lister.byIndex(podsByClaim, key).some(uses)) return true;
        const { namespace } = claim.metadata;
        let next: string | undefined;
        do {
            const page = await this.#podClient.list({ namespace, limit: podsPerPageMax, continue: next });
            if (page.items.some(uses)) return true;
            next = page.metadata.continue;
        } while (next);
        return false;
    }
}

export const claimProtectionController: ControllerDefinition = {
    name: 'persistentvolumeclaim-protection-controller',
    serviceAccount: 'pvc-protection-controller',
    create: (context) => new ClaimProtectionController(context),
};
