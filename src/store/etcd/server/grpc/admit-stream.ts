import type { EtcdContext } from '../context.ts';
import { etcdError } from '../errors.ts';
import type { HandlerOptions } from './handlers.ts';
import type { ServerCall } from './server-call.ts';
import type { GrpcError } from './status.ts';

/**
 * What every stream with many requests begins with: whether it may be served at all, and, when its client asked for
 * that (`hasleader`), that it ends when there is no leader any more. `end` is called with why it ends, at once when
 * it is refused. Gives the function that stops looking, undefined when there is nothing to stop.
 */
export function admitStream(
    context: EtcdContext,
    call: ServerCall,
    { options, end }: { options: HandlerOptions; end: (error: GrpcError) => void },
): (() => void) | undefined {
    try {
        options.admit(call);
    } catch (error) {
        end(options.toStatus(error));
        return undefined;
    }
    if (call.metadata('hasleader') !== 'true') return undefined;
    return context.onLeaderLost(() => {
        end(etcdError('noLeader'));
    });
}
