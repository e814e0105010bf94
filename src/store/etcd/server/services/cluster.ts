import type { Init, Decoded } from '../../proto/message.ts';
import type { member } from '../../proto/messages.ts';
import { methods } from '../../proto/methods.ts';
import type { ClusterMember } from '../../../cluster.ts';
import type { EtcdContext } from '../context.ts';
import { etcdError } from '../errors.ts';
import { unaryHandler, type HandlerOptions } from '../grpc/handlers.ts';
import type { CallHandler } from '../grpc/server-call.ts';

const urlsMax = 16;
const urlCharsMax = 1_024;

/** The service Cluster: who the members are. */
export function clusterHandlers(context: EtcdContext, options: HandlerOptions): [string, CallHandler][] {
    const { cluster, store } = context;
    const answer = (): {
        header: ReturnType<EtcdContext['header']>;
        members: Init<Decoded<typeof member>>[];
    } => ({ header: context.header(0), members: cluster.members().map(wireMember) });
    return [
        [methods.memberAdd.path, memberAddHandler(context, options)],
        [
            methods.memberRemove.path,
            unaryHandler(methods.memberRemove, options, async ({ id }) => {
                await cluster.removeMember(id);
                return answer();
            }),
        ],
        [
            methods.memberUpdate.path,
            unaryHandler(methods.memberUpdate, options, async ({ id, peerUrls }) => {
                checkUrls(peerUrls);
                await cluster.updateMember(id, { peerUrls });
                return answer();
            }),
        ],
        [
            methods.memberPromote.path,
            unaryHandler(methods.memberPromote, options, async ({ id }) => {
                await cluster.promoteMember(id);
                return answer();
            }),
        ],
        [
            methods.memberList.path,
            unaryHandler(methods.memberList, options, async ({ linearizable }) => {
                if (linearizable) await store.readIndex();
                return answer();
            }),
        ],
    ];
}

function memberAddHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { cluster } = context;
    return unaryHandler(methods.memberAdd, options, async ({ peerUrls, isLearner }) => {
        checkUrls(peerUrls);
        const added = await cluster.addMember({ peerUrls, isLearner });
        return {
            header: context.header(0),
            member: wireMember(added),
            members: cluster.members().map(wireMember),
        };
    });
}

function wireMember({
    id,
    name,
    peerUrls,
    clientUrls,
    isLearner,
}: ClusterMember): Init<Decoded<typeof member>> {
    return { id, name, peerUrls, clientUrls, isLearner };
}

/** A scheme, a host and a port, and nothing else. */
function checkUrls(urls: readonly string[]): void {
    const fine = urls.length > 0 && urls.length <= urlsMax && urls.every(isMemberUrl);
    if (!fine) throw etcdError('badUrls');
}

function isMemberUrl(url: string): boolean {
    return url.length <= urlCharsMax && /^https?:\/\/(\[[0-9a-fA-F:.%]+\]|[^\s/:?#@[\]]+):\d{1,5}$/.test(url);
}
