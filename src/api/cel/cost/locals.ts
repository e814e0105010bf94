import type { Contents } from './contents.ts';
import type { Range } from './range.ts';
import type { Place } from './sizes.ts';

/** What is known of a variable of a comprehension or a binding. */
export interface Local {
    place: Place;
    size: Range | undefined;
    contents: Contents | undefined;
}

/** Variables by name; an inner one hides those outside of it. */
export class Locals {
    readonly #scopes: ReadonlyMap<string, Local>[] = [];

    find(name: string): Local | undefined {
        return this.#scopes.findLast((scope) => scope.has(name))?.get(name);
    }

    within<T>(variables: readonly (readonly [string, Local])[], body: () => T): T {
        this.#scopes.push(new Map(variables));
        const result = body();
        this.#scopes.pop();
        return result;
    }
}
