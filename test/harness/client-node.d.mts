/** The official JavaScript client. */
export const k8s: typeof import('@kubernetes/client-node');
