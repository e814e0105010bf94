import { join } from 'node:path';

/**
 * Label on everything that a kubelet makes in the runtime: its root directory. Two kubelets can share one
 * engine (a test beside a cluster) and must not take each other's pods for orphans.
 */
export const ownerLabel = 'hyperkube.io/kubelet-root';

/** Where the kubelet keeps what, below its root directory; upstream's layout. */
export class KubeletPaths {
    readonly root: string;

    constructor(root: string) {
        this.root = root;
    }

    get pods(): string {
        return join(this.root, 'pods');
    }

    pod(uid: string): string {
        return join(this.pods, uid);
    }

    volumes(uid: string): string {
        return join(this.pod(uid), 'volumes');
    }

    /** `plugin` as upstream escapes it: "kubernetes.io~empty-dir". */
    volume(uid: string, plugin: string, name: string): string {
        return join(this.volumes(uid), `kubernetes.io~${plugin}`, name);
    }

    subPaths(uid: string): string {
        return join(this.pod(uid), 'volume-subpaths');
    }

    subPath(
        uid: string,
        { volume, container, index }: { volume: string; container: string; index: number },
    ): string {
        return join(this.subPaths(uid), volume, container, String(index));
    }

    hosts(uid: string): string {
        return join(this.pod(uid), 'etc-hosts');
    }

    resolvConf(uid: string): string {
        return join(this.pod(uid), 'resolv.conf');
    }

    /** The file that a container finds as its termination log. */
    terminationMessage(uid: string, container: string, attempt: number): string {
        return join(this.pod(uid), 'containers', container, String(attempt));
    }
}
