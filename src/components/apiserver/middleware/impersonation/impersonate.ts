import { statusErrors } from '../../../../api/meta/status-error.ts';
import { BoundedMap } from '../../../../util/bounded-map.ts';
import type { Authorizer } from '../../authorizer.ts';
import type { Middleware } from '../../request.ts';
import { attributesOf } from '../authorize.ts';
import {
    type Impersonated,
    type Impersonation,
    type ImpersonationMode,
    impersonationModes,
} from './modes.ts';
import { wantedIdentity } from './wanted-identity.ts';

/** Requesters of whom it is remembered what has let them act as others. */
const requestersMax = 10_000;

/** Lets a request act as somebody else (`Impersonate-*` headers). */
export function impersonate(authorizer: Authorizer): Middleware {
    const tracker = new ModeTracker(impersonationModes(authorizer));
    return async (request, next) => {
        const wanted = request.origin.type === 'http' ? wantedIdentity(request) : undefined;
        if (wanted === undefined) return await next();
        const { identity, constraint } = await tracker.find({
            requester: request.identity,
            wanted,
            attributes: attributesOf(request),
        });
        request.identity = identity;
        if (constraint !== '') request.impersonationConstraint = constraint;
        return await next();
    };
}

/** Tries the modes one after the other, beginning with the one that has let the requester do it last time. */
class ModeTracker {
    readonly #modes: readonly ImpersonationMode[];
    readonly #last = new BoundedMap<string, ImpersonationMode>(requestersMax);

    constructor(modes: readonly ImpersonationMode[]) {
        this.#modes = modes;
    }

    /** Rejects with what the first mode said that is one for this identity. */
    async find(asked: Impersonation): Promise<Impersonated> {
        const { username } = asked.requester;
        const last = this.#last.get(username);
        const others = this.#modes.filter((mode) => mode !== last);
        const failures: unknown[] = [];
        for (const mode of last === undefined ? others : [last, ...others]) {
            try {
                const impersonated = await mode(asked);
                if (impersonated === undefined) continue;
                this.#last.set(username, mode);
                return impersonated;
            } catch (error) {
                failures.push(error);
            }
        }
        const [failure] = failures;
        throw failure instanceof Error
            ? failure
            : statusErrors.internal(new Error('all impersonation modes failed'));
    }
}
