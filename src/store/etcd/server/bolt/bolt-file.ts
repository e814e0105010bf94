import { open, type FileHandle } from 'node:fs/promises';
import { assert } from '../../../../util/assert.ts';
import {
    branchBytes,
    branchPage,
    bucketValue,
    contentBytesMax,
    freeListPage,
    leafBytes,
    leafPage,
    metaPage,
    pageBytes,
    type BranchElement,
    type LeafElement,
} from './page.ts';

const metaPages = 2;
const writeBytesMax = 1024 * 1024;

export type Entries = AsyncIterable<LeafElement> | Iterable<LeafElement>;

/**
 * Writes a bolt database from beginning to end, bucket after bucket, each from its entries in key order: leaf
 * pages as they fill up, then the branches above them. Never holds more than one page per level and the keys
 * of the branches.
 */
export class BoltFile {
    readonly #file: FileHandle;
    readonly #buckets: LeafElement[] = [];
    #nextPage = metaPages;
    #pending: Buffer[] = [];
    #pendingBytes = 0;
    #offset = metaPages * pageBytes;

    private constructor(file: FileHandle) {
        this.#file = file;
    }

    /** The file must not exist. */
    static async create(path: string): Promise<BoltFile> {
        return new BoltFile(await open(path, 'wx', 0o600));
    }

    async addBucket(name: string, entries: Entries): Promise<void> {
        const value = bucketValue(await this.#writeTree(entries));
        this.#buckets.push({ key: Buffer.from(name), value, isBucket: true });
    }

    /** Writes what holds it together, and closes. */
    async finish(): Promise<void> {
        this.#buckets.sort((a, b) => Buffer.compare(a.key, b.key));
        const root = await this.#writeTree(this.#buckets);
        const freeList = this.#nextPage;
        await this.#write(freeListPage(freeList));
        await this.#flush();
        const meta = { root, freeList, pages: this.#nextPage };
        await this.#file.write(Buffer.concat([metaPage(0, meta), metaPage(1, meta)]), 0, undefined, 0);
        await this.#file.close();
    }

    /** Closes a file that will not be finished. */
    async abandon(): Promise<void> {
        await this.#file.close();
    }

    /** Returns the page id of the tree's root. */
    async #writeTree(entries: Entries): Promise<number> {
        let level: BranchElement[] = [];
        let page: LeafElement[] = [];
        let bytes = 0;
        let last: Buffer | undefined;
        for await (const entry of entries) {
            assert(last === undefined || Buffer.compare(last, entry.key) < 0, 'keys are not in order');
            last = entry.key;
            const size = leafBytes(entry);
            if (page.length > 0 && bytes + size > contentBytesMax) {
                level.push(await this.#writeLeaf(page));
                page = [];
                bytes = 0;
            }
            page.push(entry);
            bytes += size;
        }
        if (page.length > 0 || level.length === 0) level.push(await this.#writeLeaf(page));
        while (level.length > 1) level = await this.#writeBranches(level);
        return level[0]?.page ?? 0;
    }

    async #writeLeaf(elements: readonly LeafElement[]): Promise<BranchElement> {
        const page = this.#nextPage;
        await this.#write(leafPage(page, elements));
        return { key: elements[0]?.key ?? Buffer.alloc(0), page };
    }

    async #writeBranches(children: readonly BranchElement[]): Promise<BranchElement[]> {
        const parents: BranchElement[] = [];
        for (const group of groupBySize(children)) {
            const page = this.#nextPage;
            await this.#write(branchPage(page, group));
            parents.push({ key: group[0]?.key ?? Buffer.alloc(0), page });
        }
        return parents;
    }

    async #write(pages: Buffer): Promise<void> {
        this.#nextPage += pages.length / pageBytes;
        this.#pending.push(pages);
        this.#pendingBytes += pages.length;
        if (this.#pendingBytes >= writeBytesMax) await this.#flush();
    }

    async #flush(): Promise<void> {
        const bytes = Buffer.concat(this.#pending, this.#pendingBytes);
        this.#pending = [];
        this.#pendingBytes = 0;
        await this.#file.write(bytes, 0, bytes.length, this.#offset);
        this.#offset += bytes.length;
    }
}

/** Groups that fit into a page, of at least two: a branch with one child would never come to an end. */
function groupBySize(children: readonly BranchElement[]): BranchElement[][] {
    const groups: BranchElement[][] = [];
    let bytes = 0;
    for (const child of children) {
        const group = groups.at(-1);
        const size = branchBytes(child);
        if (group === undefined || (group.length >= 2 && bytes + size > contentBytesMax)) {
            groups.push([child]);
            bytes = size;
        } else {
            group.push(child);
            bytes += size;
        }
    }
    const last = groups.at(-1);
    const before = groups.at(-2);
    // Only the last group can be too small; its neighbour has one to spare.
    if (last?.length === 1 && before !== undefined && before.length > 2) {
        const moved = before.pop();
        if (moved !== undefined) last.unshift(moved);
    }
    return groups;
}
