import { timingSafeEqual } from 'node:crypto';
import type { V1Secret } from '../../../api/meta/object.ts';
import { secrets } from '../../../client/resource-type.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { type AuthenticationMethod, bearerToken, CredentialError } from './method.ts';

const secretType = 'bootstrap.kubernetes.io/token';
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const defaultGroup = 'system:bootstrappers';

/** Tokens with which nodes join (--enable-bootstrap-token-auth): Secrets bootstrap-token-<id> in kube-system. */
export function bootstrapTokenMethod(reader: ObjectReader, clock: Clock): AuthenticationMethod {
    return {
        name: 'bootstrap-token',
        authenticate({ authorization }) {
            const match = tokenPattern.exec(bearerToken(authorization) ?? '');
            if (match === null) return undefined;
            const [, id = '', secretPart = ''] = match;
            const secret = reader.get<V1Secret>(secrets, 'kube-system', `bootstrap-token-${id}`);
            if (secret === undefined) return undefined;
            return identityOf(secret, { id, secretPart, nowMs: clock.nowMs() });
        },
    };
}

function identityOf(
    secret: V1Secret,
    { id, secretPart, nowMs }: { id: string; secretPart: string; nowMs: number },
): Identity {
    const value = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
    const refuse = (why: string): CredentialError => new CredentialError(`bootstrap token ${id}: ${why}`);
    if (secret.metadata?.deletionTimestamp !== undefined) throw refuse('it is being deleted');
    if (secret.type !== secretType) throw refuse('the Secret has another type');
    const [held, shown] = [Buffer.from(value('token-secret')), Buffer.from(secretPart)];
    if (held.length !== shown.length || !timingSafeEqual(held, shown)) throw refuse('the secret is wrong');
    if (value('token-id') !== id) throw refuse('the Secret is for another id');
    const expiration = value('expiration');
    // A time that cannot be read is over.
    if (expiration !== '' && !(Date.parse(expiration) > nowMs)) throw refuse('it has expired');
    if (value('usage-bootstrap-authentication') !== 'true') throw refuse('it is not for authentication');
    return {
        username: `system:bootstrap:${id}`,
        uid: '',
        groups: [...new Set([defaultGroup, ...extraGroups(value('auth-extra-groups'))])].sort(),
        extra: {},
    };
}

function extraGroups(text: string): string[] {
    const groups = text.split(',').filter((group) => group !== '');
    for (const group of groups) {
        if (!groupPattern.test(group)) {
            throw new CredentialError(
                `bootstrap group ${JSON.stringify(group)} is invalid (must match ${groupPattern.source})`,
            );
        }
    }
    return groups;
}
