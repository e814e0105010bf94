export interface BenchOptions {
    /** How long the idle cluster is watched. */
    minutes: number;
    /** How often starts and pods are repeated. */
    rounds: number;
    /** The command that starts ours with etcd's flags. */
    ours: readonly string[];
    /** Only the loads of the store whose row has this text; all when it is empty. */
    only: string;
    /** Of the store of a million keys, when a smaller one is enough. */
    keys: number;
}
