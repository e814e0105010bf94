import type { ApiObject, V1Container, V1Pod, V1ServiceAccount, V1Volume } from '../../../api/meta/object.ts';
import type { Incomplete } from '../../../api/groups/incomplete.ts';
import { items } from '../../../api/groups/validation/basic.ts';
import { generateName } from '../../../api/meta/names.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { serviceAccounts } from '../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { enforcesMountableSecrets, foreignSecret, foreignSecretOfEphemeral } from './mountable-secrets.ts';
import { isFor, isMirrorPod, podReferences } from './requests.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** An hour, and seven seconds by which kubelets recognise tokens that nobody asked for explicitly. */
const tokenLifetimeSeconds = 3607;
/** How long a pod of a new namespace waits for its default account. */
const defaultAccountWaitMs = 2_000;

/** Gives pods their service account: its name, its token, its image pull secrets. */
export function serviceAccountPlugin(context: PluginContext): AdmissionPlugin {
    return {
        name: 'ServiceAccount',
        handles: (request) => isFor(request, 'pods', 'CREATE') || isForEphemeralContainers(request),
        async mutate(request) {
            if (request.operation !== 'CREATE') return;
            const { spec } = request.object as V1Pod;
            if (spec === undefined || isMirrorPod(request.object as V1Pod)) return;
            spec.serviceAccountName = spec.serviceAccountName || spec.serviceAccount || 'default';
            spec.serviceAccount = spec.serviceAccountName;
            const account = await requireAccount(context, request, spec.serviceAccountName);
            if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
                mountToken(request.object as V1Pod);
            }
            if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
                spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
            }
        },
        async validate(request) {
            const pod = request.object as V1Pod;
            if (request.operation === 'CREATE' && isMirrorPod(pod)) {
                validateMirrorPod(request, pod);
                return;
            }
            const name = pod.spec?.serviceAccountName ?? '';
            if (name === '') throw forbidden(request, 'no service account specified for pod');
            const account = await requireAccount(context, request, name);
            const problem = enforcesMountableSecrets(account)
                ? request.operation === 'CREATE'
                    ? foreignSecret(pod, account)
                    : foreignSecretOfEphemeral(pod, account)
                : undefined;
            if (problem !== undefined) throw forbidden(request, problem);
        },
    };
}

/** Containers for debugging come later than their pod, and may name secrets of their own. */
function isForEphemeralContainers({ definition, subresource, operation }: AdmissionRequest): boolean {
    const { group, plural } = definition;
    const isPod = group === '' && plural === 'pods';
    return isPod && subresource === 'ephemeralcontainers' && operation === 'UPDATE';
}

function validateMirrorPod(request: AdmissionRequest, pod: V1Pod): void {
    if (pod.spec?.serviceAccountName) {
        throw forbidden(request, 'a mirror pod may not reference service accounts');
    }
    const { secrets, tokens } = podReferences(pod);
    if (secrets) throw forbidden(request, 'a mirror pod may not reference secrets');
    if (tokens) {
        throw forbidden(request, 'a mirror pod may not use ServiceAccountToken volume projections');
    }
}

async function requireAccount(
    context: PluginContext,
    request: AdmissionRequest,
    name: string,
): Promise<V1ServiceAccount> {
    const { namespace } = request;
    const find = () => context.reader.get<V1ServiceAccount>(serviceAccounts, namespace, name);
    const found =
        find() ??
        (name === 'default' ? await waitForAccount(context, namespace, find) : undefined) ??
        (await liveAccount(context, namespace, name));
    if (found !== undefined) return found;
    throw forbidden(
        request,
        `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
}

/** The default account of a new namespace is made by a controller, which may need a moment. */
async function waitForAccount(
    { reader, clock }: PluginContext,
    namespace: string,
    find: () => V1ServiceAccount | undefined,
): Promise<V1ServiceAccount | undefined> {
    return await new Promise((resolve) => {
        const finish = () => {
            cancel();
            remove();
            resolve(find());
        };
        const cancel = clock.setTimer(defaultAccountWaitMs, finish);
        const remove = reader.onChange(serviceAccounts, ({ metadata }: ApiObject) => {
            if (metadata?.namespace === namespace && find() !== undefined) finish();
        });
    });
}

async function liveAccount(
    context: PluginContext,
    namespace: string,
    name: string,
): Promise<V1ServiceAccount | undefined> {
    try {
        return await context.client().resource(serviceAccounts).get({ namespace, name });
    } catch (error) {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
    }
}

/** Containers that mount something at the token's path themselves get none. */
function mountToken(pod: V1Pod): void {
    const { spec } = pod;
    if (spec === undefined) return;
    const existing = spec.volumes?.find(({ name }: Incomplete<V1Volume>) => name?.startsWith(volumePrefix));
    const name = existing?.name ?? generateName(volumePrefix);
    const needing = [...(spec.initContainers ?? []), ...items(spec.containers)].filter(
        ({ volumeMounts }) => !volumeMounts?.some((mount) => mount.mountPath === mountPath),
    );
    for (const container of needing) addMount(container, name);
    if (existing === undefined && needing.length > 0) {
        spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
    }
}

function addMount(container: V1Container, name: string): void {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
}

function tokenVolume(name: string): V1Volume {
    const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
    return {
        name,
        projected: {
            defaultMode: 0o644,
            sources: [
                { serviceAccountToken: { expirationSeconds: tokenLifetimeSeconds, path: 'token' } },
                { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
                { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
            ],
        },
    };
}
