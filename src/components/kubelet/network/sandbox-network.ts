import type { PodIdentity, PortMapping } from '../runtime/runtime.ts';

/** How a sandbox gets its network. All methods reject with RuntimeError 'network'. */
export interface SandboxNetwork {
    /** Adds the interfaces; on failure everything is torn down again. Returns the pod's addresses. */
    setUp(attachment: SandboxAttachment): Promise<string[]>;
    /** Idempotent. `netns` is empty when the namespace is gone. */
    tearDown(attachment: Pick<SandboxAttachment, 'sandboxId' | 'netns' | 'pod'>): Promise<void>;
    /** The addresses that `setUp` gave, also after a restart; empty for an unknown sandbox. */
    addresses(sandboxId: string): Promise<string[]>;
    /** Why no pod can get a network now; undefined when all is well. */
    notReadyReason(): Promise<string | undefined>;
    /** Releases what belongs to sandboxes that are not there any more (after a power cut). */
    collectGarbage(sandboxIds: ReadonlySet<string>): Promise<void>;
}

export interface SandboxAttachment {
    sandboxId: string;
    /** Path of the network namespace: /proc/<pid>/ns/net. */
    netns: string;
    pod: PodIdentity;
    portMappings: readonly PortMapping[];
    annotations: Readonly<Record<string, string>>;
}
