import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer-factory.ts';
import type { Clock } from '../../util/clock.ts';
import type { Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';

/** Settings that single controllers need; those without value turn the controllers that need them off. */
export interface ControllerManagerOptions {
    /** `--cluster-cidr`: from which node-ipam cuts pod ranges. */
    clusterCidr?: string | undefined;
    /** `--node-cidr-mask-size`: prefix length of one node's range. */
    nodeCidrMaskSize?: number | undefined;
    /** `--service-account-private-key-file`, PEM. */
    serviceAccountKey?: string | undefined;
    /** `--root-ca-file`, PEM: published to every namespace. */
    rootCa?: string | undefined;
    /** `--cluster-signing-cert-file` and `-key-file`, PEM. */
    clusterSigning?: { certificate: string; key: string } | undefined;
}

/** What a controller is made of. Handlers are registered at once, work begins with `start`. */
export interface ControllerContext {
    /** The controller acts with its own identity: `system:serviceaccount:kube-system:<service account>`. */
    client: Client;
    /** Shared by all controllers; started, and synced, before any controller is. */
    informers: InformerFactory;
    events: EventRecorder;
    logger: Logger;
    clock: Clock;
    options: ControllerManagerOptions;
}

export interface RunnableController extends Stoppable {
    /** Called once, when all informers have synced. */
    start(): void;
}

/** One line of the registry. */
export interface ControllerDefinition {
    /** Upstream's name, as `--controllers` takes it: "deployment-controller". */
    name: string;
    /** Account in kube-system whose permissions it has; also the source of its events. */
    serviceAccount: string;
    /** Off unless named in `--controllers`. */
    disabledByDefault?: boolean;
    create(context: ControllerContext): RunnableController;
}
