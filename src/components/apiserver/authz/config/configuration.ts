/** AuthorizationConfiguration (apiserver.config.k8s.io/v1), with defaults. Durations are milliseconds. */
export interface AuthorizationConfiguration {
    /** Asked in this order. */
    authorizers: readonly AuthorizerConfiguration[];
}

export interface AuthorizerConfiguration {
    type: string;
    name: string;
    /** Of the type Webhook. */
    webhook: WebhookConfiguration | undefined;
}

export interface WebhookConfiguration {
    timeoutMs: number;
    authorizedTtlMs: number;
    cacheAuthorizedRequests: boolean;
    unauthorizedTtlMs: number;
    cacheUnauthorizedRequests: boolean;
    subjectAccessReviewVersion: string;
    matchConditionSubjectAccessReviewVersion: string;
    failurePolicy: string;
    connectionInfo: { type: string; kubeConfigFile: string | undefined };
    /** Expressions; all must hold for the webhook to be asked. */
    matchConditions: readonly string[];
}
