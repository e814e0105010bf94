import type { V1Container, V1Pod, V1ServiceAccount } from '../../../api/meta/object.ts';

/** Words that upstream reads as true (Go's strconv.ParseBool). */
const trueWords = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

/** An account may say that its pods use its own secrets only. */
export function enforcesMountableSecrets({ metadata }: V1ServiceAccount): boolean {
    return trueWords.has(metadata?.annotations?.['kubernetes.io/enforce-mountable-secrets'] ?? '');
}

/** Why a new pod may not run under the account: it names a secret that the account does not. */
export function foreignSecret({ spec }: V1Pod, account: V1ServiceAccount): string | undefined {
    const mountable = namesOf(account.secrets);
    const name = account.metadata?.name ?? '';
    const volume = (spec?.volumes ?? []).find(
        ({ secret }) => secret !== undefined && !mountable.has(secret.secretName),
    );
    if (volume !== undefined) {
        const secret = volume.secret?.secretName ?? '';
        return `volume with secret.secretName="${secret}" is not allowed because service account ${name} does not reference that secret`;
    }
    return (
        foreignSecretIn(spec?.initContainers, 'init container', account) ??
        foreignSecretIn(spec?.containers, 'container', account) ??
        foreignPullSecret(spec?.imagePullSecrets ?? [], account)
    );
}

/** As `foreignSecret`, for the containers that were added to a pod for debugging. */
export function foreignSecretOfEphemeral({ spec }: V1Pod, account: V1ServiceAccount): string | undefined {
    return foreignSecretIn(spec?.ephemeralContainers, 'ephemeral container', account);
}

function namesOf(references: readonly { name?: string | undefined }[] | undefined): Set<string | undefined> {
    return new Set((references ?? []).map(({ name }) => name));
}

type Sources = Pick<V1Container, 'name' | 'env' | 'envFrom'>;

function foreignSecretIn(
    containers: readonly Sources[] | undefined,
    kind: string,
    account: V1ServiceAccount,
): string | undefined {
    const mountable = namesOf(account.secrets);
    const refusal = (container: string, where: string, secret: string | undefined) =>
        `${kind} ${container} with ${where} referencing secret.secretName="${secret ?? ''}" is not allowed because service account ${account.metadata?.name ?? ''} does not reference that secret`;
    for (const container of containers ?? []) {
        for (const { name, valueFrom } of container.env ?? []) {
            const ref = valueFrom?.secretKeyRef;
            if (ref === undefined || mountable.has(ref.name)) continue;
            return refusal(container.name, `envVar ${name}`, ref.name);
        }
        for (const { secretRef } of container.envFrom ?? []) {
            if (secretRef === undefined || mountable.has(secretRef.name)) continue;
            return refusal(container.name, 'envFrom', secretRef.name);
        }
    }
    return undefined;
}

function foreignPullSecret(
    references: readonly { name?: string | undefined }[],
    account: V1ServiceAccount,
): string | undefined {
    const allowed = namesOf(account.imagePullSecrets);
    const index = references.findIndex(({ name }) => !allowed.has(name));
    if (index < 0) return undefined;
    return `imagePullSecrets[${index}].name="${references[index]?.name ?? ''}" is not allowed because service account ${account.metadata?.name ?? ''} does not reference that imagePullSecret`;
}
