import { semanticEqual } from '../../../api/meta/deep.ts';
import type {
    ApiObject,
    Stored,
    V1ControllerRevision,
    V1LabelSelector,
    V1PodTemplateSpec,
} from '../../../api/meta/object.ts';
import { controllerRef } from '../../../api/meta/owner-references.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import type { Informer } from '../../../client/informer.ts';
import { podTemplateHash } from '../deployment/template-hash.ts';
import { claim } from './claim.ts';
import { controlledOrOrphaned, indexByController } from './owner-index.ts';

export type Revision = Stored<V1ControllerRevision>;

/** What owns revisions: a DaemonSet or a StatefulSet. */
export interface RevisionOwner extends ApiObject {
    spec?:
        | {
              selector: V1LabelSelector;
              template: V1PodTemplateSpec;
              revisionHistoryLimit?: number | undefined;
          }
        | undefined;
    status?: { collisionCount?: number | undefined } | undefined;
}

export interface RevisionHistoryParts<T extends RevisionOwner> {
    informer: Informer<V1ControllerRevision>;
    resource: ResourceClient<V1ControllerRevision>;
    owners: ResourceClient<T>;
    ownerKind: { apiVersion: string; kind: string };
    /** The label of a revision that carries its hash. */
    hashLabel: string;
}

/** Collision: another template has taken the name. The owner's collisionCount must grow. */
export type CurrentRevision = { type: 'found'; revision: Revision } | { type: 'collision' };

const historyLimitDefault = 10;

/** The templates that an owner has had, as ControllerRevisions; `kubectl rollout` reads them. */
export class RevisionHistory<T extends RevisionOwner> {
    readonly #parts: RevisionHistoryParts<T>;

    constructor(parts: RevisionHistoryParts<T>) {
        this.#parts = parts;
        indexByController(parts.informer);
    }

    /** The owner's revisions, oldest first. */
    async list(owner: Stored<T>): Promise<Revision[]> {
        const { informer, resource, owners, ownerKind } = this.#parts;
        const { namespace, name } = owner.metadata;
        const revisions = await claim(controlledOrOrphaned(informer.lister, owner), {
            owner,
            ownerKind,
            matcher: labelSelectorMatcher(owner.spec?.selector),
            resource,
            freshOwner: async () => await owners.get({ namespace, name }),
        });
        return revisions.sort(
            (a, b) => a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1),
        );
    }

    /** The revision of the owner's template: created, or brought to the front when it was used before. */
    async current(owner: Stored<T>, revisions: readonly Revision[]): Promise<CurrentRevision> {
        const data = revisionData(owner);
        const newest = revisions.at(-1);
        const next = (newest?.revision ?? 0) + 1;
        const same = revisions.findLast((revision) => semanticEqual(revision.data, data));
        if (same === undefined) return await this.#create(owner, data, next);
        if (same === newest) return { type: 'found', revision: same };
        const revision = await this.#parts.resource.update({ ...same, revision: next });
        return { type: 'found', revision };
    }

    /** Deletes the oldest revisions beyond the limit, except those that are in use. */
    async truncate(
        owner: Stored<T>,
        old: readonly Revision[],
        isLive: (revision: Revision) => boolean,
    ): Promise<void> {
        let excess = old.length - (owner.spec?.revisionHistoryLimit ?? historyLimitDefault);
        for (const revision of old) {
            if (excess <= 0) return;
            if (isLive(revision)) continue;
            const { namespace, name } = revision.metadata;
            try {
                await this.#parts.resource.delete({ namespace, name });
            } catch (error) {
                if (!isReason(error, 'NotFound')) throw error;
            }
            excess--;
        }
    }

    async #create(owner: Stored<T>, data: object, revision: number): Promise<CurrentRevision> {
        const { resource, ownerKind, hashLabel } = this.#parts;
        const template = owner.spec?.template ?? {};
        const hash = podTemplateHash(template, owner.status?.collisionCount);
        const { namespace, annotations } = owner.metadata;
        const name = `${owner.metadata.name}-${hash}`;
        try {
            const created = await resource.create({
                apiVersion: 'apps/v1',
                kind: 'ControllerRevision',
                metadata: {
                    name,
                    namespace,
                    labels: { ...template.metadata?.labels, [hashLabel]: hash },
                    ...(annotations === undefined ? {} : { annotations }),
                    ownerReferences: [controllerRef(owner, ownerKind)],
                },
                data,
                revision,
            });
            return { type: 'found', revision: created };
        } catch (error) {
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
        // Our own one, which the cache does not show yet, or another template with the same hash.
        const found = await resource.get({ namespace, name });
        return semanticEqual(found.data, data) ? { type: 'found', revision: found } : { type: 'collision' };
    }
}

/** A strategic merge patch that gives the owner this template: what a rollback applies. */
function revisionData({ spec }: RevisionOwner): object {
    return { spec: { template: { ...spec?.template, $patch: 'replace' } } };
}

/** The owner's template as a revision has it. */
export function templateOf({ data }: Revision): V1PodTemplateSpec {
    const { spec } = (data ?? {}) as { spec?: { template?: V1PodTemplateSpec & { $patch?: string } } };
    const { $patch: _directive, ...template } = spec?.template ?? {};
    return template;
}
