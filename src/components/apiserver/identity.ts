/** Who makes a request: what authentication gives and authorization asks about. */
export interface Identity {
    username: string;
    uid: string;
    groups: readonly string[];
    extra: Readonly<Record<string, readonly string[]>>;
}

export const anonymous: Identity = {
    username: 'system:anonymous',
    uid: '',
    groups: ['system:unauthenticated'],
    extra: {},
};
