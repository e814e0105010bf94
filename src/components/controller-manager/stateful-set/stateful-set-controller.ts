import { semanticEqual } from '../../../api/meta/deep.ts';
import { objectKey, type V1Pod, type V1StatefulSet } from '../../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import { Expectations } from '../../../client/expectations.ts';
import type { Informer } from '../../../client/informer.ts';
import {
    controllerRevisions,
    persistentVolumeClaims,
    pods,
    statefulSets,
} from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { nextAvailabilityMs } from '../replica-set/replica-status.ts';
import { claim } from '../shared/claim.ts';
import { controlledOrOrphaned, indexByController } from '../shared/owner-index.ts';
import { podEvents } from '../shared/pod-events.ts';
import { RevisionHistory, type Revision } from '../shared/revision-history.ts';
import { WrittenVersions } from '../shared/written-versions.ts';
import { Claims } from './claims.ts';
import { isMember } from './ordinals.ts';
import { PodActions } from './pod-actions.ts';
import { ownerKind, revisionOf, type SetPod, type StatefulSet } from './set-pod.ts';
import { SetRound } from './set-round.ts';
import { setStatus } from './set-status.ts';

const hashLabel = 'controller.kubernetes.io/hash';

/** Runs pods with stable names and claims, one after the other. */
export const statefulSetController: ControllerDefinition = {
    name: 'statefulset-controller',
    serviceAccount: 'statefulset-controller',
    create: (context) => new StatefulSetController(context),
};

class StatefulSetController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #sets: Informer<V1StatefulSet>;
    readonly #pods: Informer<V1Pod>;
    readonly #client: ResourceClient<V1StatefulSet>;
    readonly #history: RevisionHistory<V1StatefulSet>;
    readonly #actions: PodActions;
    readonly #written = new WrittenVersions();
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        const { client, clock, events, informers, logger } = context;
        this.#context = context;
        this.#sets = informers.informer(statefulSets);
        this.#pods = informers.informer(pods);
        this.#client = client.resource(statefulSets);
        this.#history = new RevisionHistory({
            informer: informers.informer(controllerRevisions),
            resource: client.resource(controllerRevisions),
            owners: this.#client,
            ownerKind,
            hashLabel,
        });
        const claims = new Claims({
            informer: informers.informer(persistentVolumeClaims),
            resource: client.resource(persistentVolumeClaims),
            events,
        });
        this.#actions = new PodActions({ pods: client.resource(pods), claims, events });
        this.#controller = new Controller({
            name: 'statefulset',
            logger,
            clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByController(this.#pods);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (set: StatefulSet): void => this.#controller.enqueue(objectKey(set));
        this.#sets.addHandler({
            added: enqueue,
            updated: enqueue,
            deleted: (set) => this.#written.forget(set.metadata.uid ?? ''),
        });
        this.#pods.addHandler(
            podEvents({
                kind: { type: statefulSets, selector: ({ spec }) => labelSelectorMatcher(spec?.selector) },
                owners: this.#sets.lister,
                // Names are fixed: nothing can be created twice, so nothing need be expected.
                expectations: new Expectations(this.#context.clock),
                enqueue: (key) => this.#controller.enqueue(key),
            }),
        );
    }

    async #reconcile(key: string): Promise<Outcome> {
        const set = this.#sets.lister.get(key);
        if (set === undefined || set.metadata.deletionTimestamp !== undefined) return done;
        if (this.#written.isBehind(set)) return done;
        const setPods = await this.#claimPods(set);
        const revisions = await this.#history.list(set);
        const latest = await this.#history.current(set, revisions);
        if (latest.type === 'collision') return await this.#resolveCollision(set);
        const update = latest.revision;
        const current =
            revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
        const nowMs = this.#context.clock.nowMs();
        const names = { current: current.metadata.name, update: update.metadata.name };
        await this.#updateStatus(set, setStatus(set, { pods: setPods, ...names, nowMs }));
        try {
            await new SetRound({ set, pods: setPods, current, update, nowMs }, this.#actions).run();
        } catch (error) {
            // Our own pod, which the cache will show in a moment: its event comes.
            if (!isReason(error, 'AlreadyExists')) throw error;
            return requeueAfter(staleCacheMs);
        }
        await this.#truncate(set, setPods, { revisions, live: [current, update] });
        const afterMs = nextAvailabilityMs(setPods, set.spec?.minReadySeconds ?? 0, nowMs);
        return afterMs === undefined ? done : requeueAfter(afterMs);
    }

    async #claimPods(set: StatefulSet): Promise<SetPod[]> {
        const { namespace, name } = set.metadata;
        const candidates = controlledOrOrphaned(this.#pods.lister, set);
        return await claim(
            candidates.filter((pod) => isMember(set, pod)),
            {
                owner: set,
                ownerKind,
                matcher: labelSelectorMatcher(set.spec?.selector),
                resource: this.#context.client.resource(pods),
                freshOwner: async () => await this.#client.get({ namespace, name }),
            },
        );
    }

    async #resolveCollision(set: StatefulSet): Promise<Outcome> {
        const { status = { replicas: 0 } } = set;
        const collisionCount = (status.collisionCount ?? 0) + 1;
        await this.#updateStatus(set, { ...status, collisionCount });
        return done;
    }

    async #updateStatus(set: StatefulSet, status: NonNullable<V1StatefulSet['status']>): Promise<void> {
        if (semanticEqual(set.status, status)) return;
        this.#written.note(await this.#client.updateStatus({ ...set, status }));
    }

    async #truncate(
        set: StatefulSet,
        setPods: readonly SetPod[],
        { revisions, live }: { revisions: readonly Revision[]; live: readonly Revision[] },
    ): Promise<void> {
        const names = new Set([...live.map(({ metadata }) => metadata.name), ...setPods.map(revisionOf)]);
        const old = revisions.filter(({ metadata }) => !names.has(metadata.name));
        await this.#history.truncate(set, old, () => false);
    }
}

/** When a pod that is to be created exists already and the cache does not show it. */
const staleCacheMs = 100;
