import { randomInt } from 'node:crypto';
import { type Leases, StoreError } from '../../store.ts';
import { methods } from '../proto/methods.ts';
import type { EtcdCluster } from './etcd-cluster.ts';
import { toStoreError } from './etcd-error.ts';
import type { GrpcError } from './grpc-error.ts';
import type { KeyNames } from './key-names.ts';

/** randomInt takes no larger one. */
const leaseIdMax = 2 ** 48 - 1;
const keepAliveTimeoutMs = 5_000;
const leaseNotFound = 'requested lease not found';

/** etcd's leases. Identifiers that others have chosen above 2^53 cannot be named. */
export class EtcdLeases implements Leases {
    readonly #cluster: EtcdCluster;
    readonly #names: KeyNames;
    readonly #onRevision: (revision: number | undefined) => void;

    constructor(cluster: EtcdCluster, names: KeyNames, onRevision: (revision: number | undefined) => void) {
        this.#cluster = cluster;
        this.#names = names;
        this.#onRevision = onRevision;
    }

    async grant({
        id,
        ttlSeconds,
    }: {
        id: number;
        ttlSeconds: number;
    }): Promise<{ id: number; ttlSeconds: number }> {
        const answer = await this.#cluster.write(methods.leaseGrant, {
            id: id === 0 ? randomInt(1, leaseIdMax) : id,
            ttl: ttlSeconds,
        });
        return { id: answer.id, ttlSeconds: answer.ttl };
    }

    async revoke(id: number): Promise<{ revision: number }> {
        const { header } = await this.#cluster.write(methods.leaseRevoke, { id });
        this.#onRevision(header?.revision);
        return { revision: header?.revision ?? 0 };
    }

    async keepAlive(id: number): Promise<number> {
        const ttlSeconds = await this.#keepAlive(id);
        if (ttlSeconds <= 0) throw new StoreError('leaseNotFound', leaseNotFound);
        return ttlSeconds;
    }

    async timeToLive(
        id: number,
        { keys }: { keys: boolean },
    ): Promise<{ ttlSeconds: number; grantedTtlSeconds: number; keys: string[] }> {
        const answer = await this.#cluster.read(methods.leaseTimeToLive, { id, keys });
        return {
            ttlSeconds: answer.ttl,
            grantedTtlSeconds: answer.grantedTtl,
            keys: answer.keys.map((key) => this.#names.fromEtcd(key)),
        };
    }

    async list(): Promise<number[]> {
        const { leases } = await this.#cluster.read(methods.leaseLeases, {});
        return leases.map(({ id }) => id);
    }

    #keepAlive(id: number): Promise<number> {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                stream.cancel();
                reject(new StoreError('timeout', 'etcd: no answer in time'));
            }, keepAliveTimeoutMs);
            const stream = this.#cluster.channel().stream(
                methods.leaseKeepAlive,
                {},
                {
                    onMessage: ({ ttl }) => {
                        clearTimeout(timer);
                        stream.cancel();
                        resolve(ttl);
                    },
                    onEnd: (error) => {
                        clearTimeout(timer);
                        reject(reasonOf(error));
                    },
                },
            );
            stream.send({ id });
        });
    }
}

function reasonOf(error: GrpcError | undefined): Error {
    const reason = error && toStoreError(error);
    return reason instanceof Error ? reason : new StoreError('timeout', 'etcd: the answer is missing');
}
