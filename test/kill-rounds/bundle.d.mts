/** Bundles the programs of the kill rounds; resolves with the directory that they are in. */
export function bundle(): Promise<string>;
