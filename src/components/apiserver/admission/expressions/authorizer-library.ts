import type { CelFunction, CelType } from '../../../../api/cel/cel.ts';
import type { Authorizer, Decision, RequestAttributes } from '../../authorizer.ts';
import type { Identity } from '../../identity.ts';

/** The authorizer library of expressions: `authorizer.group('apps').resource('deployments').check('create')`. */
const opaque = (name: string): CelType => ({ kind: 'opaque', name: `kubernetes.authorization.${name}` });
export const authorizerType = opaque('Authorizer');
export const resourceCheckType = opaque('ResourceCheck');
const groupCheckType = opaque('GroupCheck');
const pathCheckType = opaque('PathCheck');
const decisionType = opaque('Decision');
const string: CelType = { kind: 'string' };
const bool: CelType = { kind: 'bool' };
/** In cel-go's units: asking an authorizer is dear. */
const checkCost = 350_000;

/** What `authorizer` is: somebody, and whom to ask about them. */
export interface Asker {
    authorizer: Authorizer;
    identity: Identity;
}

interface GroupCheck extends Asker {
    group: string;
}

export interface ResourceCheck extends GroupCheck {
    resource: string;
    subresource: string;
    namespace: string;
    name: string;
    fieldSelector?: string;
    labelSelector?: string;
}

interface PathCheck extends Asker {
    path: string;
}

interface Verdict {
    decision: Decision | undefined;
    error: string;
}

function ask({ authorizer, identity }: Asker, attributes: RequestAttributes): Verdict {
    try {
        const answer = authorizer.authorize(identity, attributes);
        if (!(answer instanceof Promise)) return { decision: answer, error: '' };
        answer.catch(() => undefined);
        return { decision: undefined, error: 'the authorizer cannot be asked from an expression' };
    } catch (error) {
        return { decision: undefined, error: error instanceof Error ? error.message : String(error) };
    }
}

function serviceAccount(asker: Asker, namespace: string, name: string): Asker {
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    const username = `system:serviceaccount:${namespace}:${name}`;
    return { authorizer: asker.authorizer, identity: { username, uid: '', groups, extra: {} } };
}

function method(
    receiver: CelType,
    name: string,
    rest: { parameters?: readonly CelType[]; result: CelType; cost?: number; call: CelFunction['call'] },
): CelFunction {
    return { receiver, name, parameters: [], ...rest };
}

/** A function of ResourceCheck that narrows it. */
const narrowing = (
    name: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector',
): CelFunction =>
    method(resourceCheckType, name, {
        parameters: [string],
        result: resourceCheckType,
        call: (check, value) => ({ ...(check as ResourceCheck), [name]: value }),
    });

export const authorizerFunctions: readonly CelFunction[] = [
    method(authorizerType, 'path', {
        parameters: [string],
        result: pathCheckType,
        call: (asker, path) => ({ ...(asker as Asker), path }),
    }),
    method(authorizerType, 'group', {
        parameters: [string],
        result: groupCheckType,
        call: (asker, group) => ({ ...(asker as Asker), group }),
    }),
    method(authorizerType, 'serviceAccount', {
        parameters: [string, string],
        result: authorizerType,
        call: (asker, namespace, name) => serviceAccount(asker as Asker, namespace as string, name as string),
    }),
    method(groupCheckType, 'resource', {
        parameters: [string],
        result: resourceCheckType,
        call: (check, resource): ResourceCheck => ({
            ...(check as GroupCheck),
            resource: resource as string,
            subresource: '',
            namespace: '',
            name: '',
        }),
    }),
    narrowing('subresource'),
    narrowing('namespace'),
    narrowing('name'),
    narrowing('fieldSelector'),
    narrowing('labelSelector'),
    method(resourceCheckType, 'check', {
        parameters: [string],
        result: decisionType,
        cost: checkCost,
        call: (check, verb) => {
            const { authorizer, identity, ...attributes } = check as ResourceCheck;
            return ask(
                { authorizer, identity },
                { kind: 'resource', version: '*', verb: verb as string, ...attributes },
            );
        },
    }),
    method(pathCheckType, 'check', {
        parameters: [string],
        result: decisionType,
        cost: checkCost,
        call: (check, verb) => {
            const { path } = check as PathCheck;
            return ask(check as PathCheck, { kind: 'nonResource', verb: verb as string, path });
        },
    }),
    method(decisionType, 'allowed', {
        result: bool,
        call: (verdict) => (verdict as Verdict).decision?.outcome === 'allow',
    }),
    method(decisionType, 'reason', {
        result: string,
        call: (verdict) => (verdict as Verdict).decision?.reason ?? '',
    }),
    method(decisionType, 'errored', { result: bool, call: (verdict) => (verdict as Verdict).error !== '' }),
    method(decisionType, 'error', { result: string, call: (verdict) => (verdict as Verdict).error }),
];
