/** The version of etcd whose API this is. */
export const etcdVersion = '3.5.21';
/** The lowest version of the cluster's members, as etcd counts it. */
export const etcdClusterVersion = '3.5.0';
