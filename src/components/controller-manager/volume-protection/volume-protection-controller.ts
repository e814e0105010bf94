import { objectKey, type Stored, type V1PersistentVolume } from '../../../api/meta/object.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { persistentVolumes } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { addFinalizer, protectionNeed, removeFinalizer } from './finalizer.ts';

const finalizer = 'kubernetes.io/pv-protection';

/** Lets deleted volumes go once they are not bound to a claim. */
class VolumeProtectionController implements RunnableController {
    readonly #volumes: Informer<V1PersistentVolume>;
    readonly #client: ResourceClient<V1PersistentVolume>;
    readonly #controller: Controller;

    constructor({ client, informers, logger, clock }: ControllerContext) {
        this.#volumes = informers.informer(persistentVolumes);
        this.#client = client.resource(persistentVolumes);
        this.#controller = new Controller({
            name: 'pvprotection',
            logger,
            clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (volume: Stored<V1PersistentVolume>): void => {
            if (protectionNeed(volume, finalizer) !== 'nothing') this.#controller.enqueue(objectKey(volume));
        };
        this.#volumes.addHandler({ added: enqueue, updated: enqueue });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const volume = this.#volumes.lister.get(key);
        if (volume === undefined) return done;
        const need = protectionNeed(volume, finalizer);
        if (need === 'add') await addFinalizer(this.#client, volume, finalizer);
        const isBound = volume.status?.phase === 'Bound';
        if (need === 'check-use' && !isBound) await removeFinalizer(this.#client, volume, finalizer);
        return done;
    }
}

export const volumeProtectionController: ControllerDefinition = {
    name: 'persistentvolume-protection-controller',
    serviceAccount: 'pv-protection-controller',
    create: (context) => new VolumeProtectionController(context),
};
