import { statusErrors } from '../../../api/meta/status-error.ts';
import { prefixEnd, StoreError, type RangeResult } from '../../../store/store.ts';
import { unreadableInList } from '../encryption/unreadable.ts';
import type { ApiRequest, ListResult } from '../request.ts';
import { isConvertedRemotely, prepareViews } from '../conversion/versions.ts';
import { tooLargeResourceVersion } from '../resource-version.ts';
import { StoredObject } from '../stored-object.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { type ListOptions, listOptionsOf } from './list-options.ts';
import { type Registry, type Target, versionFor } from './registry.ts';
import { Selection } from './selection.ts';
import { fromStoreError } from './store-errors.ts';

/** Keys read from the store at once while a selector looks for a page's worth of matches. */
const storePageKeys = 500;

/**
 * GET of a collection. The cache answers for current state; the store for older revisions, which is
 * what the pages after the first are cut from.
 */
export async function list(registry: Registry, request: ApiRequest, target: Target): Promise<ListResult> {
    const options = listOptionsOf(request.query);
    const selection = new Selection(target, request.query);
    if (options.continue !== '') {
        const token = decodeContinue(options.continue, target.cache.root);
        if (!token.start.startsWith(selection.keyPrefix)) {
            throw statusErrors.badRequest('invalid continue token: continue key is not valid');
        }
        if (token.revision > 0) return await nextPage(registry, selection, { options, token });
        await registry.caches.fresh();
        return await listCached(registry, selection, { limit: options.limit, start: token.start });
    }
    const { rule, limit } = options;
    switch (rule.type) {
        case 'newest':
            await registry.caches.fresh();
            break;
        case 'any':
            break;
        case 'notOlderThan':
            await registry.caches.waitFor(rule.revision);
            break;
        case 'exact':
            if (rule.revision !== registry.caches.revision) {
                const token = { revision: rule.revision, start: selection.keyPrefix };
                return await listAt(registry, selection, { options, token });
            }
            break;
    }
    return await listCached(registry, selection, { limit, start: selection.keyPrefix });
}

/** From memory as long as nothing has changed since the first page, which is the rule. */
async function nextPage(
    registry: Registry,
    selection: Selection,
    { options, token }: PageRequest,
): Promise<ListResult> {
    const { cache, definition } = selection.target;
    const { start, revision } = token;
    const isUnchanged = (): boolean =>
        revision <= registry.caches.revision &&
        cache.ring.isUnchangedSince(revision) &&
        !isConvertedRemotely(definition);
    if (isUnchanged()) {
        // A token is good for as long as the store keeps its revision, whatever is in memory.
        await rangeAt(registry, selection, { token, end: undefined, size: 1 });
        if (isUnchanged()) return await listCached(registry, selection, { ...options, start, revision });
    }
    return await listAt(registry, selection, { options, token });
}

async function listCached(
    registry: Registry,
    selection: Selection,
    { limit, start, ...at }: { limit: number; start: string; revision?: number },
): Promise<ListResult> {
    const { target } = selection;
    const { objects, counts } = target.cache;
    counts.lists++;
    if (isConvertedRemotely(target.definition))
        await prepareViews([...objects.range(selection.keyPrefix, start)], target.definition);
    const { revision = registry.caches.revision } = at;
    const items: StoredObject[] = [];
    let next: string | undefined;
    selection.checkReadable();
    for (const stored of objects.range(selection.keyPrefix, start)) {
        counts.fetched++;
        if (!selection.matches(stored)) continue;
        if (limit > 0 && items.length === limit) {
            next = stored.key;
            break;
        }
        items.push(versionFor(target, stored));
    }
    counts.returned += items.length;
    const remaining = next === undefined ? 0 : objects.count(selection.keyPrefix, next);
    return page(selection, { items, revision, next, remaining });
}

function page(
    { target, isWhole }: Selection,
    found: { items: StoredObject[]; revision: number; next: string | undefined; remaining: number },
): ListResult {
    const { items, revision, next, remaining } = found;
    const list: ListResult = {
        type: 'list',
        definition: target.definition,
        items,
        resourceVersion: String(revision),
    };
    if (next === undefined) return list;
    list.continue = encodeContinue({ revision, start: next }, target.cache.root);
    if (isWhole) list.remainingItemCount = remaining;
    return list;
}

interface PageRequest {
    options: ListOptions;
    token: ContinueToken;
}

/** Cuts a page from the store's state at the token's revision. */
async function listAt(
    registry: Registry,
    selection: Selection,
    { options, token }: PageRequest,
): Promise<ListResult> {
    const { limit } = options;
    const items: StoredObject[] = [];
    const end = prefixEnd(selection.keyPrefix);
    let { start } = token;
    for (;;) {
        const size = limit === 0 ? 0 : selection.isWhole ? limit + 1 : Math.max(limit + 1, storePageKeys);
        const range = await rangeAt(registry, selection, { token: { ...token, start }, end, size });
        const read = range.kvs.map((kv) => {
            if (kv.unreadable !== undefined) throw unreadableInList(kv.key, kv.unreadable);
            return StoredObject.fromStore(kv);
        });
        await prepareViews(read, selection.target.definition);
        for (const [index, stored] of read.entries()) {
            if (!selection.matches(stored)) continue;
            if (limit > 0 && items.length === limit) {
                const found = { items, revision: token.revision, next: stored.key };
                return page(selection, { ...found, remaining: range.count - index });
            }
            items.push(versionFor(selection.target, stored));
        }
        const last = range.kvs.at(-1);
        if (size === 0 || last === undefined || range.kvs.length === range.count) break;
        start = `${last.key}\0`;
    }
    return page(selection, { items, revision: token.revision, next: undefined, remaining: 0 });
}

async function rangeAt(
    registry: Registry,
    selection: Selection,
    { token, end, size }: { token: ContinueToken; end: string | undefined; size: number },
): Promise<RangeResult> {
    const { store } = registry.caches;
    try {
        const { revision } = token;
        return await store.range({
            ...{ key: token.start, revision },
            ...(end === undefined ? { keysOnly: true } : { end }),
            ...(size === 0 ? {} : { limit: size }),
        });
    } catch (error) {
        if (error instanceof StoreError && error.reason === 'futureRevision') {
            throw tooLargeResourceVersion(token.revision, store.revision);
        }
        if (error instanceof StoreError && error.reason === 'compacted') {
            throw expired(selection, token);
        }
        throw fromStoreError(error);
    }
}

/** 410; for a page also with a token that goes on at the current state. */
function expired({ target, keyPrefix }: Selection, token: ContinueToken): Error {
    if (token.start === keyPrefix) {
        return statusErrors.expired('The resourceVersion for the provided list is too old.');
    }
    const error = statusErrors.expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
    const fresh = encodeContinue({ revision: -1, start: token.start }, target.cache.root);
    error.status.metadata = { continue: fresh };
    return error;
}
