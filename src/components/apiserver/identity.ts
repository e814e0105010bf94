/** Who makes a request: what authentication gives and authorization asks about. */
export interface Identity {
    username: string;
    uid: string;
    groups: readonly string[];
    extra: Readonly<Record<string, readonly string[]>>;
}

export const anonymous: Identity = {
    username: 'system:anonymous',
    uid: '',
    groups: ['system:unauthenticated'],
    extra: {},
};

const components: readonly (readonly [prefix: string, component: string])[] = [
    ['system:serviceaccount:kube-system:', 'kube-controller-manager'],
    ['system:kube-controller-manager', 'kube-controller-manager'],
    ['system:kube-scheduler', 'kube-scheduler'],
    ['system:kube-proxy', 'kube-proxy'],
    ['system:node:', 'kubelet'],
    ['system:apiserver', 'kube-apiserver'],
];

/** The program that acts as this identity inside the process, as managedFields and logs name it. */
export function componentOf({ username }: Identity): string {
    return components.find(([prefix]) => username.startsWith(prefix))?.[1] ?? 'hyperkube';
}
