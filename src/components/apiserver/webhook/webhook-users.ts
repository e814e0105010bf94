import { readFile } from 'node:fs/promises';
import {
    type KubeconfigUser,
    type KubeconfigUsers,
    parseKubeconfigUsers,
} from '../../../client/kubeconfig.ts';
import { type Clock, systemClock } from '../../../util/clock.ts';
import { ShownCredentials } from './shown-credentials.ts';

/** Somebody that the API server is for a webhook. */
export interface WebhookUser {
    /** Of the kubeconfig. */
    name: string;
    credentials: ShownCredentials;
}

/**
 * Who the API server is for which webhook, by a kubeconfig whose users are named after hosts: "hook.shop.svc:443",
 * "*.shop.svc", "*".
 */
export class WebhookUsers {
    readonly #users: ReadonlyMap<string, WebhookUser>;
    readonly #currentUser: string;

    constructor({ users, currentUser }: KubeconfigUsers, clock: Clock = systemClock) {
        const shown = (name: string, user: KubeconfigUser): WebhookUser => ({
            name,
            credentials: new ShownCredentials(user, clock),
        });
        this.#users = new Map([...users].map(([name, user]) => [name, shown(name, user)]));
        this.#currentUser = currentUser;
    }

    /** Rejects with a KubeconfigError. */
    static async load(file: string): Promise<WebhookUsers> {
        return new WebhookUsers(await parseKubeconfigUsers(await readFile(file, 'utf8'), { file }));
    }

    /**
     * As upstream chooses: the user of that name, the one of the longest suffix with a star, both without the port
     * where that is 443, then "*", then that of the current context.
     * @param target "hook.shop.svc:443"
     */
    for(target: string): WebhookUser | undefined {
        return (
            this.#named(target) ??
            (target.endsWith(':443') ? this.#named(target.slice(0, -':443'.length)) : undefined) ??
            this.#users.get('*') ??
            this.#users.get(this.#currentUser)
        );
    }

    #named(target: string): WebhookUser | undefined {
        const exact = this.#users.get(target);
        if (exact !== undefined) return exact;
        for (let dot = target.indexOf('.'); dot >= 0; dot = target.indexOf('.', dot + 1)) {
            const starred = this.#users.get(`*${target.slice(dot)}`);
            if (starred !== undefined) return starred;
        }
        return undefined;
    }
}
