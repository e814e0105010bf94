import type { Stored, V1Secret, V1ServiceAccount } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { secrets, serviceAccounts } from '../../../client/resource-type.ts';
import { signLegacyToken } from '../../../pki/legacy-service-account-token.ts';
import { loadSigningKey, type SigningKey } from '../../../pki/service-account-token.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { idleController } from '../shared/idle-controller.ts';

const secretType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

/**
 * Fills Secrets of type kubernetes.io/service-account-token with a token of the account that they name, and
 * deletes those whose account is gone: their tokens end with them.
 */
class TokenController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #key: SigningKey;
    readonly #secrets: Informer<V1Secret>;
    readonly #accounts: Informer<V1ServiceAccount>;
    readonly #controller: Controller;

    constructor(context: ControllerContext, privateKeyPem: string) {
        this.#context = context;
        this.#key = loadSigningKey(privateKeyPem);
        this.#secrets = context.informers.informer(secrets);
        this.#accounts = context.informers.informer(serviceAccounts);
        this.#controller = new Controller({
            name: 'serviceaccount_tokens_service',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (secret: Stored<V1Secret>): void => {
            const { namespace = '', name } = secret.metadata;
            if (secret.type === secretType) this.#controller.enqueue(`${namespace}/${name}`);
        };
        this.#secrets.addHandler({ added: enqueue, updated: enqueue });
        this.#accounts.addHandler({
            deleted: ({ metadata }) => {
                for (const secret of this.#secrets.lister.list(metadata.namespace)) {
                    if (secret.metadata.annotations?.[nameAnnotation] === metadata.name) enqueue(secret);
                }
            },
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const secret = this.#secrets.lister.get(key);
        if (secret?.type !== secretType || secret.metadata.deletionTimestamp !== undefined) return done;
        const account = await this.#accountOf(secret);
        if (account === undefined) {
            await this.#delete(secret);
            return done;
        }
        const filled = this.#fill(secret, account);
        if (filled === undefined) return done;
        try {
            await this.#context.client.resource(secrets).update(filled);
        } catch (error) {
            // Whoever changed or deleted it has caused another event.
            if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error;
        }
        return done;
    }

    /** The account that the Secret is for: of the name, and of the uid if it says one. Asks the server when in doubt. */
    async #accountOf({ metadata }: Stored<V1Secret>): Promise<Stored<V1ServiceAccount> | undefined> {
        const { namespace = '', annotations } = metadata;
        const name = annotations?.[nameAnnotation] ?? '';
        if (name === '') return undefined;
        const wantedUid = annotations?.[uidAnnotation];
        const matches = (account: Stored<V1ServiceAccount> | undefined): boolean =>
            account !== undefined && (!wantedUid || account.metadata.uid === wantedUid);
        const known = this.#accounts.lister.get(`${namespace}/${name}`);
        if (matches(known)) return known;
        try {
            const current = await this.#context.client.resource(serviceAccounts).get({ namespace, name });
            return matches(current) ? current : undefined;
        } catch (error) {
            if (isReason(error, 'NotFound')) return undefined;
            throw error;
        }
    }

    async #delete({ metadata }: Stored<V1Secret>): Promise<void> {
        const { namespace, name, uid, resourceVersion } = metadata;
        const preconditions = {
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
        };
        try {
            await this.#context.client.resource(secrets).delete({ namespace, name }, { preconditions });
        } catch (error) {
            if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error;
        }
    }

    /** The Secret with all that belongs into it; undefined when it is there already. */
    #fill(secret: Stored<V1Secret>, account: Stored<V1ServiceAccount>): Stored<V1Secret> | undefined {
        const { namespace = '', name, annotations } = secret.metadata;
        const { name: accountName, uid: accountUid = '' } = account.metadata;
        const { rootCa } = this.#context.options;
        const base64 = (text: string): string => Buffer.from(text).toString('base64');
        const wanted = {
            ...(rootCa === undefined ? {} : { 'ca.crt': base64(rootCa) }),
            // A namespace that was put there stays.
            namespace: secret.data?.['namespace'] || base64(namespace),
            token:
                secret.data?.['token'] ||
                base64(signLegacyToken(this.#key, { namespace, accountName, accountUid, secretName: name })),
        };
        const isFilled =
            annotations?.[uidAnnotation] === accountUid &&
            Object.entries(wanted).every(([key, value]) => secret.data?.[key] === value);
        if (isFilled) return undefined;
        return {
            ...secret,
            metadata: { ...secret.metadata, annotations: { ...annotations, [uidAnnotation]: accountUid } },
            data: { ...secret.data, ...wanted },
        };
    }
}

export const tokenController: ControllerDefinition = {
    name: 'serviceaccount-token-controller',
    serviceAccount: 'serviceaccount-token-controller',
    create: (context) => {
        const { serviceAccountKey } = context.options;
        return serviceAccountKey
            ? new TokenController(context, serviceAccountKey)
            : idleController(context, '--service-account-private-key-file');
    },
};
