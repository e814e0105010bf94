import {
    objectKey,
    type Stored,
    type V1PersistentVolume,
    type V1PersistentVolumeClaim,
    type V1VolumeAttributesClass,
} from '../../../api/meta/object.ts';
import { volumeAttributesClassesOf } from '../../../api/quota/scopes.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import {
    persistentVolumeClaims,
    persistentVolumes,
    volumeAttributesClasses,
} from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { addFinalizer, protectionNeed, removeFinalizer } from './finalizer.ts';

const finalizer = 'kubernetes.io/vac-protection';

/** Lets deleted VolumeAttributesClasses go once no volume and no claim refers to them. */
class AttributesClassProtectionController implements RunnableController {
    readonly #classes: Informer<V1VolumeAttributesClass>;
    readonly #volumes: Informer<V1PersistentVolume>;
    readonly #claims: Informer<V1PersistentVolumeClaim>;
    readonly #client: ResourceClient<V1VolumeAttributesClass>;
    readonly #controller: Controller;

    constructor({ client, informers, logger, clock }: ControllerContext) {
        this.#classes = informers.informer(volumeAttributesClasses);
        this.#volumes = informers.informer(persistentVolumes);
        this.#claims = informers.informer(persistentVolumeClaims);
        this.#client = client.resource(volumeAttributesClasses);
        this.#controller = new Controller({
            name: 'vacprotection',
            logger,
            clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (one: Stored<V1VolumeAttributesClass>): void => {
            if (protectionNeed(one, finalizer) !== 'nothing') this.#controller.enqueue(objectKey(one));
        };
        this.#classes.addHandler({ added: enqueue, updated: enqueue });
        this.#volumes.addHandler({
            updated: (volume, old) => {
                this.#released(classesOfVolume(old), classesOfVolume(volume));
            },
            deleted: (volume) => {
                this.#released(classesOfVolume(volume), []);
            },
        });
        this.#claims.addHandler({
            updated: (claim, old) => {
                this.#released(volumeAttributesClassesOf(old), volumeAttributesClassesOf(claim));
            },
            deleted: (claim) => {
                this.#released(volumeAttributesClassesOf(claim), []);
            },
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #released(before: readonly string[], after: readonly string[]): void {
        for (const name of before) if (!after.includes(name)) this.#controller.enqueue(name);
    }

    async #reconcile(key: string): Promise<Outcome> {
        const found = this.#classes.lister.get(key);
        if (found === undefined) return done;
        const need = protectionNeed(found, finalizer);
        if (need === 'add') await addFinalizer(this.#client, found, finalizer);
        if (need === 'check-use' && !this.#isUsed(found.metadata.name)) {
            await removeFinalizer(this.#client, found, finalizer);
        }
        return done;
    }

    #isUsed(name: string): boolean {
        return (
            this.#volumes.lister.list().some((volume) => classesOfVolume(volume).includes(name)) ||
            this.#claims.lister.list().some((claim) => volumeAttributesClassesOf(claim).includes(name))
        );
    }
}

function classesOfVolume({ spec }: V1PersistentVolume): string[] {
    return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

export const attributesClassProtectionController: ControllerDefinition = {
    name: 'volumeattributesclass-protection-controller',
    serviceAccount: 'volumeattributesclass-protection-controller',
    create: (context) => new AttributesClassProtectionController(context),
};
