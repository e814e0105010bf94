import { isDns1123Label, isDns1123Subdomain } from '../../meta/name-formats.ts';
import type { CelFunction, CelType } from '../cel.ts';

/** What an expression asks of the `authorizer` variable. */
export type CelAuthorizationRequest = {
    verb: string;
    /** Asked for instead of the user who made the request. */
    serviceAccount?: { namespace: string; name: string };
} & (
    | { path: string }
    | {
          group: string;
          resource: string;
          subresource: string;
          namespace: string;
          name: string;
          /** As they were written, for the host to parse; what does not parse counts as not written. */
          fieldSelector?: string;
          labelSelector?: string;
      }
);

export interface CelAuthorizationDecision {
    allowed: boolean;
    reason: string;
    /** Why nothing was decided. */
    error?: string;
}

/** The value of a variable of type `authorizerType`: decides for the user who made the request. */
export interface CelAuthorizer {
    authorize(request: CelAuthorizationRequest): CelAuthorizationDecision;
}

interface Subject {
    authorizer: CelAuthorizer;
    serviceAccount?: { namespace: string; name: string };
}

interface PathCheck extends Subject {
    path: string;
}

interface GroupCheck extends Subject {
    group: string;
}

interface ResourceCheck extends GroupCheck {
    resource: string;
    subresource: string;
    namespace: string;
    name: string;
    fieldSelector?: string;
    labelSelector?: string;
}

function opaque(name: string): CelType {
    return { kind: 'opaque', name: `kubernetes.authorization.${name}` };
}

export const authorizerType = opaque('Authorizer');
/** Of the variable `authorizer.requestResource`; see `requestResourceCheck`. */
export const resourceCheckType = opaque('ResourceCheck');
const pathCheckType = opaque('PathCheck');
const groupCheckType = opaque('GroupCheck');
const decisionType = opaque('Decision');
const string: CelType = { kind: 'string' };

/** Two checks are all that an expression may make. */
const checkCost = 350_000;

/** The value of `authorizer.requestResource`: the resource that the request itself is for. */
export function requestResourceCheck(
    authorizer: CelAuthorizer,
    resource: Pick<ResourceCheck, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>,
): object {
    return { authorizer, ...resource };
}

function subject(value: CelAuthorizer | Subject): Subject {
    return 'authorizer' in value ? value : { authorizer: value };
}

function notEmpty(text: string, what: string): string {
    if (text.trim() === '') throw new Error(`${what} must not be empty`);
    return text;
}

function serviceAccount(value: CelAuthorizer | Subject, namespace: string, name: string): Subject {
    if (isDns1123Subdomain(name).length) throw new Error('Invalid service account name');
    if (isDns1123Label(namespace).length) throw new Error('Invalid service account namespace');
    return { ...subject(value), serviceAccount: { namespace, name } };
}

function check({ authorizer, ...asked }: PathCheck | ResourceCheck, verb: string): CelAuthorizationDecision {
    return authorizer.authorize({ ...asked, verb });
}

interface Declaration {
    receiver: CelType;
    result: CelType;
    parameters?: readonly CelType[];
    cost?: number;
}

function member(name: string, declared: Declaration, call: (...args: never[]) => unknown): CelFunction {
    return { name, parameters: [string], ...declared, call: call };
}

function resourceSetter(name: keyof ResourceCheck): CelFunction {
    return member(
        name,
        { receiver: resourceCheckType, result: resourceCheckType },
        (value: ResourceCheck, text: string) => ({ ...value, [name]: text }),
    );
}

function decisionPart(
    name: string,
    result: CelType,
    read: (decision: CelAuthorizationDecision) => unknown,
): CelFunction {
    return member(name, { receiver: decisionType, result, parameters: [] }, read);
}

/** The functions of `authorizer`, for the environments that have that variable. */
export const authorizerFunctions: readonly CelFunction[] = [
    member(
        'path',
        { receiver: authorizerType, result: pathCheckType },
        (value: CelAuthorizer | Subject, path: string) => ({
            ...subject(value),
            path: notEmpty(path, 'path'),
        }),
    ),
    member(
        'group',
        { receiver: authorizerType, result: groupCheckType },
        (value: CelAuthorizer | Subject, group: string) => ({
            ...subject(value),
            group,
        }),
    ),
    member(
        'serviceAccount',
        { receiver: authorizerType, result: authorizerType, parameters: [string, string] },
        serviceAccount,
    ),
    member(
        'resource',
        { receiver: groupCheckType, result: resourceCheckType },
        (value: GroupCheck, resource: string) => ({
            ...value,
            resource: notEmpty(resource, 'resource'),
            subresource: '',
            namespace: '',
            name: '',
        }),
    ),
    ...(['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const).map(resourceSetter),
    member('check', { receiver: pathCheckType, result: decisionType, cost: checkCost }, check),
    member('check', { receiver: resourceCheckType, result: decisionType, cost: checkCost }, check),
    decisionPart('allowed', { kind: 'bool' }, ({ allowed }) => allowed),
    decisionPart('reason', string, ({ reason }) => reason),
    decisionPart('errored', { kind: 'bool' }, ({ error }) => error !== undefined),
    decisionPart('error', string, ({ error }) => error ?? ''),
];
