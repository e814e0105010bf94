import { randomBytes } from 'node:crypto';
import type Dockerode from 'dockerode';
import { daemonMessage, statusCodeOf, tolerating } from './docker-api.ts';

/**
 * Creates a container. When the name is taken by a dead container of an earlier attempt (the kubelet died
 * between create and start), that one is removed; when the daemon only believes that it exists, the new
 * one gets a random suffix, as upstream does it.
 */
export async function createReplacing(
    docker: Dockerode,
    spec: Dockerode.ContainerCreateOptions,
): Promise<Dockerode.Container> {
    try {
        return await docker.createContainer(spec);
    } catch (error) {
        const conflicting = conflictingId(error);
        if (conflicting === undefined) throw error;
        const removed = await removeDead(docker, conflicting);
        const name = removed ? spec.name : `${spec.name ?? ''}_${randomBytes(4).toString('hex')}`;
        return await docker.createContainer({ ...spec, ...(name === undefined ? {} : { name }) });
    }
}

const conflictPattern = /already in use by (?:container )?"?([0-9a-f]{12,64})"?/;

function conflictingId(error: unknown): string | undefined {
    if (statusCodeOf(error) !== 409) return undefined;
    return conflictPattern.exec(daemonMessage(error))?.[1];
}

/** False when there was no such container. A running one is an error: it is not ours to replace. */
async function removeDead(docker: Dockerode, id: string): Promise<boolean> {
    const gone = Symbol('gone');
    const result = await tolerating([404], async () => {
        await docker.getContainer(id).remove({ v: true });
        return gone;
    });
    return result === gone;
}
